import { openOwnModel, type Generation, type TokenModel, type TokenRequest } from '@tunesmith/generation';
import type { ChatTemplate } from '@tunesmith/tokenizers';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exportHf } from '../exporters/hf.js';
import { hfTargets } from '../exporters/hf/hf-targets.js';
import { exportGguf } from '../exporters/gguf.js';
import { ggufFileType } from '../exporters/gguf/file-types.js';
import { exportOnnx } from '../exporters/onnx.js';
import { onnxDataTypes } from '../exporters/onnx/data-types.js';
import { writeOnnxFolder } from '../exporters/onnx/onnx-folder.js';
import { openSourceModel } from '../exporters/source-model.js';
import { quietContext } from '../testing/tiny-models.js';
import { openFolderRuntime } from './folder-runtime.js';
import { logProbabilities } from './model-runtime.js';
import { openQuantizedModel, quantizedChatTemplate } from './open-quantized-model.js';
import { quantizedFile } from './quantized-file.js';

const context = quietContext();
const fp32 = onnxDataTypes.find(({ name }) => name === 'fp32')!;
const { signal } = context;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let own: TokenModel;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeTinyModel(at('model'));
  await using model = await openSourceModel(at('model'));
  for (const type of ['f32', 'q8_0']) await exportGguf(model, ggufFileType(type), at(`model-${type}.gguf`), context);
  await exportOnnx(model, fp32, at('onnx'), context);
  await writeOnnxFolder(model, [fp32], at('onnx'));
  own = await openOwnModel(at('model'), { dtype: 'float32' });
});
afterAll(async () => {
  await own[Symbol.asyncDispose]();
  await folder.remove();
});

const prompt = (text: string) => own.tokenizer.encode(text);
const request = (text: string, changes: Partial<TokenRequest> = {}): TokenRequest => ({ tokenIds: prompt(text), sampling: { temperature: 0, topP: 1 }, seed: 3, maxNewTokens: 12, stopTokenIds: [], topTokens: 2, ...changes });

async function answers(model: TokenModel, ...requests: TokenRequest[]): Promise<Generation[]> {
  return Promise.all(requests.map((each) => model.answer(each, () => false, signal)));
}

// llama.cpp keeps keys and values in float16.
describe.each([['model-f32.gguf', 5e-3], ['onnx', 1e-4]])('%s', (name, tolerance) => {
  let model: TokenModel;
  beforeAll(async () => void (model = await openQuantizedModel(at(name), { threads: 1, signal })));
  afterAll(() => model[Symbol.asyncDispose]());

  test('has the tokenizer, the template and the limits of the model', () => {
    expect(model.tokenizer.encode('the otter')).toEqual(prompt('the otter'));
    expect(model.tokenizer.eosTokenIds).toEqual(own.tokenizer.eosTokenIds);
    expect(model.contextLength).toBe(own.contextLength);
    const messages = [{ role: 'user', content: 'Who?' }] as const;
    expect(model.format!.encodePrompt(model.tokenizer, messages)).toEqual(own.format!.encodePrompt(own.tokenizer, messages));
  });

  test('scores continuations as the model itself, alike ones together', async () => {
    const continuations = ['a', 'b', ' the river', ' the rivers'].map((text) => ({ contextTokenIds: prompt('Where do otters live?'), continuationTokenIds: prompt(text) }));
    const [theirs, ours] = [await model.scoreContinuations(continuations, {}, context), await own.scoreContinuations(continuations, {}, context)];
    theirs.forEach(({ logProbs, greedy }, index) => {
      expect(greedy).toBe(ours[index]!.greedy);
      logProbs.forEach((logProb, token) => expect(Math.abs(logProb - ours[index]!.logProbs[token]!)).toBeLessThan(tolerance));
    });
    const [likeliest] = await answers(own, request('Where?', { maxNewTokens: 3 }));
    const [said] = await model.scoreContinuations([{ contextTokenIds: prompt('Where?'), continuationTokenIds: likeliest!.tokenIds }], {}, context);
    expect(said!.greedy).toBe(true);
    const rows = [{ tokenIds: prompt('an otter'), lossMask: prompt('an otter').map((_, place) => place % 2 === 1) }];
    const [masked, expected] = [await model.tokenLogProbs(rows, context), await own.tokenLogProbs(rows, context)];
    expect(masked[0]!.map((value) => value === null)).toEqual(expected[0]!.map((value) => value === null));
  });

  test('answers as the model itself, greedily and drawn by the same seed, however many ask at once', async () => {
    const drawn = { sampling: { temperature: 0.8, topP: 0.9 } };
    const asked = [request('One', { ...drawn, maxNewTokens: 2 }), request('Two'), request('Three', { ...drawn, seed: 9, maxNewTokens: 2 })];
    const [theirs, ours] = [await answers(model, ...asked), await answers(own, ...asked)];
    expect(theirs.map(({ tokenIds }) => tokenIds)).toEqual(ours.map(({ tokenIds }) => tokenIds));
    theirs.forEach(({ logProbs }, index) => logProbs.forEach((logProb, place) => expect(Math.abs(logProb - ours[index]!.logProbs[place]!)).toBeLessThan(tolerance)));
    const together = await model.generate(asked.map(({ tokenIds }) => ({ tokenIds })), { maxNewTokens: 4, stopTokenIds: [] }, context);
    expect(together.map(({ tokenIds }) => tokenIds)).toEqual((await own.generate(asked.map(({ tokenIds }) => ({ tokenIds })), { maxNewTokens: 4, stopTokenIds: [] }, context)).map(({ tokenIds }) => tokenIds));
  });

  test('tells each token with the likeliest ones, and ends where it is told to, alone', async () => {
    const stop = new AbortController();
    const heard: number[] = [];
    const broken = model.answer(request('One'), ({ id }, top) => {
      expect(top.map(({ logProb }) => logProb)).toEqual([...top.map(({ logProb }) => logProb)].sort((left, right) => right - left));
      expect(top).toHaveLength(2);
      heard.push(id);
      if (heard.length === 2) stop.abort();
      return false;
    }, stop.signal);
    const next = model.answer(request('Two'), () => true, signal);
    await expect(broken).rejects.toThrow(/abort/i);
    expect(await next).toMatchObject({ tokenIds: [expect.any(Number)], finish: 'stop' });
    await expect(Promise.resolve().then(() => model.answer(request('x'.repeat(3000)), () => true, signal))).rejects.toMatchObject({ code: 'prompt-too-long' });
  });
});

test('a type of number that was chosen for a file alone is refused: its runtime computes as the file says', async () => {
  for (const name of ['model-q8_0.gguf', 'onnx']) {
    await expect(openQuantizedModel(at(name), { dtype: 'float32', typeIsChosen: true, signal })).rejects.toMatchObject({ code: 'dtype-without-place', message: expect.stringContaining('got float32. Leave it out') });
  }
});

test('a folder with several files needs a format; an importance matrix is none of them', async () => {
  await expect(quantizedFile(folder.path)).rejects.toMatchObject({ code: 'quantized-file-ambiguous', message: expect.stringContaining('model-q8_0.gguf') });
  expect(await quantizedFile(folder.path, 'gguf/q8_0')).toBe(at('model-q8_0.gguf'));
  expect(await quantizedFile(at('onnx'), 'onnx/fp32')).toBe(join(at('onnx'), 'onnx/model.onnx'));
  await expect(quantizedFile(folder.path, 'gguf/q4_0')).rejects.toMatchObject({ code: 'quantized-file-missing', message: expect.stringContaining('expected model-q4_0.gguf') });
  await expect(quantizedFile(at('model'))).rejects.toMatchObject({ code: 'quantized-file-missing' });
  await writeTinyModel(at('other'));
  await rename(at('model-q8_0.gguf'), join(at('other'), 'imatrix.gguf'));
  await expect(quantizedFile(at('other'))).rejects.toMatchObject({ code: 'quantized-file-missing' });
});

describe.each([['rtn-int4', 'compressed-tensors'], ['rtn-int8', 'gptq'], ['w8a8', 'compressed-tensors']] as const)('hf/%s as %s', (name, format) => {
  test('is asked as the folder scores, in what is computed in', async () => {
    const target = hfTargets.find((each) => each.name === name)!;
    await using source = await openSourceModel(at('model'));
    const tokenIds = prompt('the otter lives in the river');
    await exportHf(source, target, name === 'w8a8' ? {} : { format }, at(`${format}/${name}`), context, { calibration: Array.from({ length: 8 }, (_, index) => ({ index, tokenIds, lossMask: tokenIds.map(() => true) })) });
    await using model = await openQuantizedModel(at(format), { format: `hf/${name}`, dtype: 'float32', signal });
    await using runtime = await openFolderRuntime(at(`${format}/${name}`), { contextSize: 64, threads: 1, signal });
    const expected = await logProbabilities(runtime, tokenIds, tokenIds.map(() => true), signal);
    const [scores] = await model.tokenLogProbs([{ tokenIds }], context);
    scores!.slice(1).forEach((score, place) => expect(Math.abs(score! - expected[place]!)).toBeLessThan(1e-4));
    await using narrow = await openQuantizedModel(at(`${format}/${name}/config.json`), { signal });
    const [rounded] = await narrow.tokenLogProbs([{ tokenIds }], context);
    rounded!.slice(1).forEach((score, place) => expect(Math.abs(score! - expected[place]!)).toBeLessThan(0.1));
    expect(rounded).not.toEqual(scores);
    expect((await quantizedChatTemplate(at(format), `hf/${name}`))!.source).toBe((own.format as ChatTemplate).source);
  });
});
