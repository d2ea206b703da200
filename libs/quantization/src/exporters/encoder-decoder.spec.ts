import { openGguf, openSafetensors, readSideFiles, writeModelFolder } from '@tunesmith/checkpoints';
import { answerConversation, loadForInference, openOwnModel, scoreTokens } from '@tunesmith/generation';
import { familyFor, importModel } from '@tunesmith/models';
import { setThreads } from '@tunesmith/tensor';
import { Tokenizer, type SourceTargetFormat } from '@tunesmith/tokenizers';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImportanceFile } from '../importance/importance-file.js';
import { quantizeModel } from '../quantize-model.js';
import { roundToNearest } from '../methods/round-to-nearest.js';
import { fileMemory } from '../runtimes/file-memory.js';
import { openFolderRuntime } from '../runtimes/folder-runtime.js';
import { openGgufRuntime } from '../runtimes/llama-cpp-runtime.js';
import { complete, logProbabilities } from '../runtimes/model-runtime.js';
import { openQuantizedModel, quantizedChatTemplate } from '../runtimes/open-quantized-model.js';
import { largestDifference, quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { usualPairs, usualQuestion, usualText } from '../usual-text.js';
import { exportGguf } from './gguf.js';
import { ggufFileType } from './gguf/file-types.js';
import { compressedTensors } from './hf/compressed-tensors.js';
import { floatTensor } from './hf/float-tensors.js';
import { linearPaths } from './hf/plan-linears.js';
import { readLinear } from './hf/read-linear.js';
import { defaultSettings } from './hf.js';
import { openSourceModel } from './source-model.js';

/** A tiny Flan-T5 with its tokenizer, made by tests/parity/make-encoder-decoder-fixture.py. llama.cpp loads such a file; its Node binding does not run it. */
const original = join(import.meta.dirname, '../../../../tests/parity/fixtures/encoder-decoder');
const expected = JSON.parse(readFileSync(join(original, 'expected.json'), 'utf8')) as { texts: { text: string; tokenIds: number[] }[]; rows: { prompt: string; completion: string; logProbs: number[]; answer: number[] }[] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder();
  path = join(folder.path, 'model.gguf');
  await using model = await openSourceModel(original);
  await exportGguf(model, ggufFileType('bf16'), path, quietContext());
});
afterAll(() => folder[Symbol.asyncDispose]());

test('llama.cpp loads it, and reads text as its tokenizer does', async () => {
  await using runtime = await openGgufRuntime(path, { contextSize: 32, threads: 1, signal: quietContext().signal });
  // Without a map that makes them spaces, llama.cpp takes line breaks for characters.
  const texts = expected.texts.filter(({ text }) => text !== '' && !/[\n☃]/.test(text));
  for (const { text, tokenIds } of texts) expect([text, runtime.tokenize?.(text)]).toEqual([text, tokenIds.slice(0, -1)]);
});

test('is imported as the same model, which scores the same', async () => {
  const imported = join(folder.path, 'imported');
  await importModel(path, imported, quietContext());
  await using before = await openSafetensors(original);
  await using after = await openSafetensors(imported);
  expect([...after.names()].sort()).toEqual([...before.names()].sort());
  for (const name of before.names()) expect([name, Buffer.compare(await after.read(name), await before.read(name))]).toEqual([name, 0]);
  const config = async (from: string) => familyFor({ model_type: 't5' }).parseConfig(JSON.parse(await readFile(join(from, 'config.json'), 'utf8')));
  expect(await config(imported)).toEqual(await config(original));
  const tokenizer = await Tokenizer.fromFolder(imported);
  for (const { text, tokenIds } of expected.texts) expect([text, tokenizer.encode(text)]).toEqual([text, tokenIds]);

  using loaded = await loadForInference(imported, { dtype: 'float32' });
  const scores = await scoreTokens(loaded, expected.rows.map(({ prompt, completion }) => ({ prompt, completion })), quietContext());
  scores.forEach(({ logProbs }, row) => logProbs.forEach((logProb, place) => expect(logProb).toBeCloseTo(expected.rows[row]!.logProbs[place]!, 4)));
});

test('as q8_0 keeps norms and position tables in float32', async () => {
  await using model = await openSourceModel(original);
  const quantized = join(folder.path, 'q8_0.gguf');
  await exportGguf(model, ggufFileType('q8_0'), quantized, quietContext());
  await using source = await openGguf(quantized);
  for (const name of source.names()) {
    const exact = source.info(name).shape.length === 1 || name.includes('attn_rel_b');
    expect([name, source.info(name).dtype]).toEqual([name, exact ? 'F32' : 'Q8_0']);
  }
  expect(source.info('dec.blk.0.attn_rel_b.weight').shape).toEqual([32, 4]);
});

const folders = () => ({ gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') });

test('each file is proved on a usual question and the paragraphs of a usual text, each after its beginning', async () => {
  const targets = ['gguf/f32', 'gguf/q8_0', 'onnx/fp32', 'onnx/int8'];
  const { metrics } = await quantizeModel({ modelFolder: original, to: targets, questions: [] }, folders(), quietContext());
  expect(metrics.formats.map(({ target }) => target)).toEqual(targets);
  const [, , fp32, int8] = metrics.formats;
  expect([fp32!.file, int8!.file]).toEqual(['onnx/decoder_model_merged.onnx', 'onnx/decoder_model_merged_int8.onnx']);
  for (const { target, perplexity, perplexityRatio, klDivergence, answers } of metrics.formats) {
    const isExact = ['gguf/f32', 'onnx/fp32'].includes(target);
    expect(Math.abs(perplexityRatio!.ratio - 1)).toBeLessThan(isExact ? 1e-5 : 0.05);
    expect(Math.abs(klDivergence!)).toBeLessThan(isExact ? 1e-6 : 0.01);
    expect(perplexity).toBeGreaterThan(1);
    expect(answers).toEqual([{ question: usualQuestion, answer: expect.any(String) }]);
  }
  expect(fp32!.answers).toEqual(metrics.formats[0]!.answers);
  expect(metrics.scored).toEqual({ rows: usualPairs().length, tokens: expect.any(Number) });
  expect(metrics.remarks).toEqual([expect.stringContaining('a text that stands in for yours'), expect.stringMatching(/^gguf\/f32, gguf\/q8_0: an encoder-decoder, .* node-llama-cpp .* runs no encoder/)]);
  expect(JSON.parse(await readFile(join(folders().onnx, 'config.json'), 'utf8'))).toMatchObject({
    'transformers.js_config': { dtype: 'int8', use_external_data_format: { 'encoder_model_int8.onnx': 1, 'decoder_model_merged_int8.onnx': 1 } },
  });
  // onnxruntime-genai runs no such models.
  expect(existsSync(join(folders().onnx, 'genai_config.json'))).toBe(false);
});

test('the usual text begins with a sentence or a line in every paragraph that is read', () => {
  const pairs = usualPairs();
  expect(pairs.length).toBeGreaterThan(5);
  for (const [source, target] of pairs) expect([source.length > 15, target.length > 15, usualText.includes(source), usualText.includes(target)]).toEqual([true, true, true, true]);
});

test('held-out rows are scored as the model scores them, and rows to train on weigh the errors of encoder and decoder', async () => {
  const lines = expected.rows.flatMap(({ prompt, completion }) => ['train', 'validation'].map((split) => JSON.stringify({ messages: [{ role: 'user', content: split === 'train' ? `${prompt} Now.`.repeat(4) : prompt }, { role: 'assistant', content: completion }], split })));
  await mkdir(join(folder.path, 'rows'));
  await writeFile(join(folder.path, 'rows/rows.jsonl'), `${lines.join('\n')}\n`);
  const rows = join(folder.path, 'rows');
  const { metrics } = await quantizeModel({ modelFolder: original, to: ['gguf/q4_0', 'onnx/fp32'], questions: [expected.rows[0]!.prompt], datasetFolder: rows, calibrationFolder: rows, maxAnswerTokens: 12 }, folders(), quietContext());
  const logProbs = expected.rows.flatMap((row) => row.logProbs);
  expect(metrics.scored).toEqual({ rows: expected.rows.length, tokens: logProbs.length });
  const exact = Math.exp(-logProbs.reduce((sum, each) => sum + each, 0) / logProbs.length);
  for (const perplexity of [metrics.base.perplexity, metrics.formats[1]!.perplexity]) expect(perplexity! / exact).toBeCloseTo(1, 4);
  const tokenizer = await Tokenizer.fromFolder(original);
  expect(metrics.formats[1]!.answers).toEqual([{ question: expected.rows[0]!.prompt, answer: tokenizer.decode(expected.rows[0]!.answer, { skipSpecialTokens: true }).trim() }]);
  const matrix = await readImportanceFile(join(folders().gguf, 'imatrix.gguf'));
  expect([...matrix.keys()]).toEqual(expect.arrayContaining(['enc.blk.0.attn_q.weight', 'dec.blk.0.cross_attn_k.weight', 'dec.blk.0.ffn_down.weight']));
});

test('what works on a decoder alone is refused with what to do instead', async () => {
  const request = { modelFolder: original, to: ['gguf/q4_0'], questions: [], calibrationFolder: join(folder.path, 'rows') };
  await expect(quantizeModel({ ...request, compensate: true }, folders(), quietContext())).rejects.toMatchObject({ code: 'encoder-decoder-not-compensated', message: expect.stringContaining('Leave it out') });
  await expect(quantizeModel({ ...request, to: ['hf/rtn-int8'] }, folders(), quietContext())).rejects.toMatchObject({ code: 'encoder-decoder-not-packed', message: expect.stringContaining('onnx/int8') });
});

test('the memory that a file takes is that of both graphs, and of what is decoded', async () => {
  const sizeOf = async (path: string) => (await stat(path)).size;
  const graphs = ['encoder_model', 'decoder_model_merged'].flatMap((name) => ['', '_data'].map((end) => join(folders().onnx, `onnx/${name}.onnx${end}`)));
  expect(await fileMemory(join(folders().onnx, 'onnx/decoder_model_merged.onnx'))).toBe((await Promise.all(graphs.map(sizeOf))).reduce((sum, size) => sum + size));
  // bfloat16 becomes float32.
  expect(Math.abs((await fileMemory(path)) / (2 * (await sizeOf(join(original, 'model.safetensors')))) - 1)).toBeLessThan(0.1);
});

test('a folder whose linears somebody else has packed is decoded, and asked by every way', async () => {
  await using source = await openSourceModel(original);
  const out = join(folder.path, 'packed');
  const matrix = { path: 'encoder.block.0.layer.0.SelfAttention.q', role: 'attn_q', layer: 0, shape: [32, 32], transposed: false } as const;
  const grid = { bits: 8, symmetric: true, groupSize: null, leastZero: 0, scaleDtype: 'float32' } as const;
  const content = { method: 'rtn', bits: 8, symmetric: true, groupSize: null, settings: defaultSettings, roundsInputs: false };
  using weight = await readLinear(source.weights, matrix);
  const packed = compressedTensors.tensors(matrix.path, roundToNearest.round(weight, grid, matrix.path), content);
  const others = source.family.weights.tensors(source.config).filter(({ huggingFace }) => huggingFace !== `${matrix.path}.weight`).map((each) => floatTensor(source.weights, each));
  const ignored = linearPaths(source).filter((path) => path !== matrix.path);
  const config = { ...source.configJson, quantization_config: compressedTensors.configuration({ linears: [{ ...matrix, grid }], kept: [], ignored, fallbacks: [] }, content) };
  await writeModelFolder(out, { config, files: await readSideFiles(original, source.sideFiles), tensors: [...packed, ...others] });

  const { signal } = quietContext();
  await using model = await openQuantizedModel(out, { dtype: 'float32', signal });
  await using runtime = await openFolderRuntime(out, { contextSize: 64, threads: 1, signal });
  for (const { prompt, completion, logProbs } of expected.rows) {
    const row = (model.format as SourceTargetFormat).encodePair(model.tokenizer, prompt, completion);
    const [scores] = await model.tokenLogProbs([row], quietContext());
    expect(largestDifference(scores!.slice(1).map(Number), logProbs)).toBeLessThan(0.05);
    expect(largestDifference(await logProbabilities(runtime, row.tokenIds, row.lossMask, signal, row.sourceTokenIds), scores!.slice(1).map(Number))).toBeLessThan(1e-5);
    const { tokenIds, sourceTokenIds } = model.format!.encodePrompt(model.tokenizer, [{ role: 'user', content: prompt }]);
    const [answer] = await model.generate([{ tokenIds, sourceTokenIds: sourceTokenIds! }], { maxNewTokens: 6, stopTokenIds: [] }, quietContext());
    expect(await complete(runtime, tokenIds, { maxNewTokens: 6, stopTokenIds: [], signal }, sourceTokenIds)).toEqual(answer!.tokenIds);
  }
});

test('a GGUF file is asked in our own library, as its model, also with an adapter: llama.cpp would end the process', async () => {
  const { signal } = quietContext();
  const exact = join(folder.path, 'f32.gguf');
  await using source = await openSourceModel(original);
  await exportGguf(source, ggufFileType('f32'), exact, quietContext());
  const adapter = { folder: join(original, 'adapter'), cache: join(folder.path, 'adapters') };
  for (const beside of [undefined, adapter]) {
    await using model = await openQuantizedModel(exact, { adapter: beside, signal });
    await using own = await openOwnModel(original, { dtype: 'float32', adapterFolder: beside?.folder });
    const messages = [{ role: 'user', content: expected.rows[0]!.prompt }] as const;
    const [theirs, ours] = await Promise.all([model, own].map((each) => answerConversation(each, messages, { maxNewTokens: 12 }, quietContext())));
    expect(theirs).toEqual(ours);
    expect(model.contextLength).toBe(512);
  }
  expect(await quantizedChatTemplate(exact)).toBeUndefined();
});
