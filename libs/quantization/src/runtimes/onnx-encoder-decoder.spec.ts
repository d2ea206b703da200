import { openOwnModel, serveAnswer, type ServeRequest, type TokenModel } from '@tunesmith/generation';
import { setThreads } from '@tunesmith/tensor';
import type { SourceTargetFormat } from '@tunesmith/tokenizers';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportOnnx } from '../exporters/onnx.js';
import { onnxDataTypes } from '../exporters/onnx/data-types.js';
import { writeOnnxFolder } from '../exporters/onnx/onnx-folder.js';
import { openSourceModel } from '../exporters/source-model.js';
import { largestDifference, quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { openQuantizedModel, quantizedChatTemplate } from './open-quantized-model.js';

/** A tiny Flan-T5 with its tokenizer, and what transformers says with it; made by tests/parity/make-encoder-decoder-fixture.py. */
const original = join(import.meta.dirname, '../../../../tests/parity/fixtures/encoder-decoder');
const { rows } = JSON.parse(readFileSync(join(original, 'expected.json'), 'utf8')) as { rows: { prompt: string; completion: string; logProbs: number[]; answer: number[] }[] };
const tolerance = 1e-4;
const context = quietContext();
const { signal } = context;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let own: TokenModel;
let model: TokenModel;

beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder();
  await using source = await openSourceModel(original);
  for (const dataType of onnxDataTypes) await exportOnnx(source, dataType, folder.path, context);
  await writeOnnxFolder(source, onnxDataTypes, folder.path);
  own = await openOwnModel(original, { dtype: 'float32' });
  model = await openQuantizedModel(folder.path, { format: 'onnx/fp32', threads: 1, signal });
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const pairOf = ({ prompt, completion }: (typeof rows)[number]) => (own.format as SourceTargetFormat).encodePair(own.tokenizer, prompt, completion);
const promptOf = (content: string) => own.format!.encodePrompt(own.tokenizer, [{ role: 'user', content }]);

test('reads conversations as the model itself: no chat template, a source and a start token', async () => {
  expect(model.startTokenId).toBe(own.startTokenId);
  expect(model.format!.encodePrompt(model.tokenizer, [{ role: 'user', content: 'Who?' }])).toEqual(promptOf('Who?'));
  expect(await quantizedChatTemplate(folder.path, 'onnx/fp32')).toBeUndefined();
});

test('scores answers given what is read, as transformers and the model itself', async () => {
  const pairs = rows.map(pairOf);
  const scores = await model.tokenLogProbs(pairs, context);
  const expected = await own.tokenLogProbs(pairs, context);
  for (const [row, score] of scores.entries()) {
    expect(score[0]).toBeNull();
    expect(largestDifference(score.slice(1).map(Number), rows[row]!.logProbs)).toBeLessThan(tolerance);
    expect(largestDifference(score.slice(1).map(Number), expected[row]!.slice(1).map(Number))).toBeLessThan(tolerance);
  }
});

test('scores continuations of one source and of several, whatever their order', async () => {
  const texts = ['a', 'the end', 'the other', ''];
  const requests = texts.flatMap((text) => rows.slice(0, 2).map(({ prompt }) => ({ contextTokenIds: own.tokenizer.encode(prompt), continuationTokenIds: own.tokenizer.encode(text) })));
  const heard: number[] = [];
  const [theirs, ours] = [await model.scoreContinuations(requests, { onScore: (request) => heard.push(request) }, context), await own.scoreContinuations(requests, {}, context)];
  expect(heard.sort((left, right) => left - right)).toEqual([...requests.keys()]);
  theirs.forEach(({ logProbs, greedy, likeliest }, index) => {
    expect(largestDifference(logProbs, ours[index]!.logProbs)).toBeLessThan(tolerance);
    expect([greedy, likeliest.map(({ id }) => id)]).toEqual([ours[index]!.greedy, ours[index]!.likeliest.map(({ id }) => id)]);
  });
  const cut = { contextLength: 9 };
  expect(largestDifference((await model.scoreContinuations(requests, cut, context))[0]!.logProbs, (await own.scoreContinuations(requests, cut, context))[0]!.logProbs)).toBeLessThan(tolerance);
});

test('answers as transformers, token for token, and draws as the model itself by the same seed', async () => {
  const asked = rows.map(({ prompt }) => promptOf(prompt));
  const greedy = await model.generate(asked, { maxNewTokens: 12, stopTokenIds: own.tokenizer.eosTokenIds }, context);
  expect(greedy.map(({ tokenIds }) => tokenIds)).toEqual(rows.map(({ answer }) => answer));
  const drawn = { maxNewTokens: 12, stopTokenIds: [], temperature: 0.9, topP: 0.8, seed: 7 };
  const [theirs, ours] = [await model.generate(asked, drawn, context), await own.generate(asked, drawn, context)];
  expect(theirs.map(({ tokenIds }) => tokenIds)).toEqual(ours.map(({ tokenIds }) => tokenIds));
  theirs.forEach(({ logProbs }, index) => expect(largestDifference(logProbs, ours[index]!.logProbs)).toBeLessThan(tolerance));
});

const request: ServeRequest = { prompt: { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: rows[0]!.prompt }] }, temperature: 0, topP: 1, seed: 1, stop: [], maxNewTokens: 9, topTokens: 2 };

async function served(by: TokenModel, asked: ServeRequest) {
  const pieces: string[] = [];
  const answer = await serveAnswer(by, asked, ({ text, tokens }) => pieces.push(text, ...tokens.map((token) => token.text)), signal);
  return { answer, pieces };
}

test('serves an instruction and a plain prompt as the model itself, and refuses what neither reads', async () => {
  for (const each of [request, { ...request, prompt: { text: rows[1]!.prompt } }]) expect(await served(model, each)).toEqual(await served(own, each));
  const turns = (['user', 'assistant', 'user'] as const).map((role) => ({ role, content: 'a' }));
  await expect(served(model, { ...request, prompt: { messages: turns } })).rejects.toMatchObject({ code: 'not-one-instruction' });
  await expect(model.tokenLogProbs([{ tokenIds: [0, 5] }], context)).rejects.toMatchObject({ code: 'source-missing' });
  expect(() => model.answer({ tokenIds: [0], sampling: { temperature: 0, topP: 1 }, seed: 1, maxNewTokens: 2, stopTokenIds: [], topTokens: 0 }, () => false, signal)).toThrow(expect.objectContaining({ code: 'source-missing' }));
});

test.each([['onnx/fp16', 0.01], ['onnx/int8', 0.2], ['onnx/int4', 0.2]])('%s is found by its format, and scores near the model', async (format, near) => {
  await using smaller = await openQuantizedModel(folder.path, { format, threads: 1, signal });
  const pairs = rows.map(pairOf);
  const [theirs, ours] = [await smaller.tokenLogProbs(pairs, context), await own.tokenLogProbs(pairs, context)];
  const differences = theirs.flatMap((row, index) => row.slice(1).map((value, place) => Math.abs(Number(value) - Number(ours[index]![place + 1]))));
  expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThan(near);
});
