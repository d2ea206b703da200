import { join } from 'node:path';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel, writeTinyModel } from '@tunesmith/tests-support';
import { openOwnModel } from '../own-model.js';
import type { TokenModel } from '../token-model.js';
import { AnswerText } from './answer-text.js';
import { serveAnswer } from './serve-answer.js';
import type { ServePiece, ServeRequest } from './serve-request.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let speaking: TokenModel;
let tiny: TokenModel;
const { signal } = new AbortController();

beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder();
  await writeSpeakingModel(join(folder.path, 'speaking'), 'So. Warm');
  await writeTinyModel(join(folder.path, 'tiny'));
  speaking = await openOwnModel(join(folder.path, 'speaking'), { dtype: 'float32' });
  tiny = await openOwnModel(join(folder.path, 'tiny'), { dtype: 'float32' });
});
afterAll(async () => {
  await speaking[Symbol.asyncDispose]();
  await tiny[Symbol.asyncDispose]();
  await folder.remove();
});

const question: ServeRequest = { prompt: { messages: [{ role: 'user', content: 'How is it?' }] }, temperature: 0, topP: 1, seed: 1, stop: [], maxNewTokens: 20 };

async function ask(model: TokenModel, request: ServeRequest) {
  const pieces: ServePiece[] = [];
  const answer = await serveAnswer(model, request, (piece) => pieces.push(piece), signal);
  return { ...answer, pieces, text: pieces.map(({ text }) => text).join('') };
}

test('an answer comes piece by piece, and ends by itself, by the limit or before a stop', async () => {
  const whole = await ask(speaking, question);
  expect(whole).toMatchObject({ text: 'So. Warm', finish: 'stop' });
  expect(whole.pieces.length).toBeGreaterThan(2);
  expect(whole.promptTokens).toBe(speaking.format!.encodePrompt(speaking.tokenizer, [{ role: 'user', content: 'How is it?' }]).tokenIds.length);
  expect(await ask(speaking, { ...question, maxNewTokens: 3 })).toMatchObject({ finish: 'length', newTokens: 3 });
  // The stop spans tokens, and what may begin one is held back.
  const stopped = await ask(speaking, { ...question, stop: ['zebra', '. Wa'] });
  expect(stopped).toMatchObject({ text: 'So', finish: 'stop' });
  expect(await ask(speaking, { ...question, stop: ['. Wax', 'Warmer'] })).toMatchObject({ text: 'So. Warm', finish: 'stop' });
});

test('calls of functions that were offered are told as calls, with their tokens; of others, and without an offer, they are text', async () => {
  await writeSpeakingModel(join(folder.path, 'calling'), 'f(x=1.5)', { showsTools: true });
  await using calling = await openOwnModel(join(folder.path, 'calling'), { dtype: 'float32' });
  const offered = (name: string): ServeRequest => ({ ...question, prompt: { messages: [{ role: 'user', content: 'How is it?' }], tools: [{ type: 'function', function: { name } }] }, topTokens: 0 });
  const called = await ask(calling, offered('f'));
  expect(called).toMatchObject({ text: '', finish: 'tool_calls', calls: [{ name: 'f', arguments: '{"x":1.5}' }] });
  expect(called.pieces.flatMap(({ tokens }) => tokens)).toHaveLength(called.newTokens);
  expect(await ask(calling, offered('g'))).toMatchObject({ text: 'f(x=1.5)', finish: 'stop' });
  expect(await ask(calling, question)).toMatchObject({ text: 'f(x=1.5)', finish: 'stop' });
  expect(await ask(calling, { ...offered('f'), maxNewTokens: 5 })).toMatchObject({ text: 'f(x=1', finish: 'length' });
  await expect(ask(speaking, offered('jump'))).rejects.toMatchObject({ code: 'tools-not-rendered' });
});

test('every token is told with its log-probability, and the prompt too where it is echoed', async () => {
  const { pieces, text, newTokens } = await ask(tiny, { ...question, prompt: { text: 'the otter' }, maxNewTokens: 5, topTokens: 2, echo: true });
  const prompt = tiny.tokenizer.encode('the otter');
  const tokens = pieces.flatMap((piece) => piece.tokens);
  expect(tokens).toHaveLength(prompt.length + newTokens);
  expect(text.startsWith('the otter')).toBe(true);
  const [score] = await tiny.scoreContinuations([{ contextTokenIds: prompt.slice(0, 1), continuationTokenIds: prompt.slice(1) }], {}, { signal, onProgress: () => undefined });
  expect(tokens.slice(0, prompt.length).map(({ logProb }) => logProb)).toEqual([null, ...score!.logProbs]);
  for (const { logProb, top } of tokens.slice(1)) expect(top[0]!.logProb).toBeGreaterThanOrEqual(logProb! - 1e-6);
  const scored = await ask(tiny, { ...question, prompt: { tokenIds: prompt }, maxNewTokens: 0, topTokens: 1, echo: true });
  expect(scored).toMatchObject({ text: 'the otter', newTokens: 0 });
});

test('a token has one number, whether it is told as drawn or as one of the likeliest', async () => {
  for (const temperature of [0, 1]) {
    const { pieces } = await ask(tiny, { ...question, temperature, maxNewTokens: 8, topTokens: tiny.tokenizer.vocabularySize });
    for (const { bytes, logProb, top } of pieces.flatMap(({ tokens }) => tokens)) expect(top.filter((each) => String(each.bytes) === String(bytes)).map((each) => each.logProb)).toContain(logProb);
  }
});

test('requests at the same time are answered side by side as alone, each by its own settings; one that is left ends alone', async () => {
  const drawn = { ...question, temperature: 1, topP: 0.9, seed: 5, maxNewTokens: 8 };
  const asked = [question, drawn, { ...drawn, seed: 6, prompt: { text: 'the' } }];
  const alone = [];
  for (const request of asked) alone.push((await ask(tiny, { ...request, maxNewTokens: 8 })).text);
  const leaving = new AbortController();
  const left = expect(serveAnswer(tiny, { ...question, maxNewTokens: 500 }, () => leaving.abort(), leaving.signal)).rejects.toThrow(/abort/i);
  const together = await Promise.all(asked.map((request) => ask(tiny, { ...request, maxNewTokens: 8 })));
  await left;
  expect(together.map(({ text }) => text)).toEqual(alone);
});

test('what cannot be answered is refused', async () => {
  await expect(ask(tiny, { ...question, prompt: { text: 'x'.repeat(5000) } })).rejects.toMatchObject({ code: 'prompt-too-long', message: expect.stringContaining('maximum context length is 2048') });
  await expect(ask(tiny, { ...question, prompt: { tokenIds: [99_999] } })).rejects.toMatchObject({ code: 'token-unknown' });
  await expect(ask(tiny, { ...question, prompt: { tokenIds: [] } })).rejects.toMatchObject({ code: 'prompt-empty' });
});

test('characters are never split, whatever the tokens are', () => {
  const said = 'Größe: 深 🦦!';
  const pieces: string[] = [];
  const text = new AnswerText(tiny.tokenizer, []);
  // Without merges for it, each byte is a token.
  for (const id of tiny.tokenizer.encode(said)) pieces.push(text.add(id));
  pieces.push(text.finish());
  expect(pieces.join('')).toBe(said);
  expect(pieces.filter((piece) => piece.includes('\u{fffd}'))).toEqual([]);
  expect(pieces).toContain('🦦');
  // One that a limit has cut is left out; bytes that never become one, with text behind them, come out all the same.
  const [first, ...others] = tiny.tokenizer.encode('🦦!');
  const cut = new AnswerText(tiny.tokenizer, []);
  expect(cut.add(first!) + cut.finish()).toBe('');
  const broken = new AnswerText(tiny.tokenizer, []);
  expect(broken.add(first!) + broken.add(others.at(-1)!) + broken.finish()).toBe('\u{fffd}!');
});
