import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { answerConversations } from './answer-conversation.js';
import { generate } from './generate.js';
import { loadForInference, type InferenceModel } from './load-for-inference.js';
import { ownModel } from './own-model.js';
import { scoreTokens } from './score-tokens.js';
import { tokenLogProbs } from './token-log-probs.js';

/** Made by tests/parity/make-encoder-decoder-fixture.py, from transformers. */
interface Expected {
  texts: { text: string; tokenIds: number[] }[];
  rows: { prompt: string; completion: string; sourceTokenIds: number[]; targetTokenIds: number[]; logProbs: number[]; answer: number[] }[];
}

const folder = join(import.meta.dirname, '../../../tests/parity/fixtures/encoder-decoder');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const user = (content: string) => ({ role: 'user', content }) as const;
const assistant = (content: string) => ({ role: 'assistant', content }) as const;

describe('a T5 with its tokenizer', () => {
  let loaded: InferenceModel;

  beforeAll(async () => {
    setThreads(1);
    loaded = await loadForInference(folder, { dtype: 'float32' });
  });
  afterAll(() => loaded[Symbol.dispose]());

  test.each(expected.texts)('reads $text as the reference does', ({ text, tokenIds }) => {
    expect(loaded.tokenizer.encode(text)).toEqual(tokenIds);
  });

  test('scores each token of the target, given the source', async () => {
    const before = liveTensors();
    const scores = await scoreTokens(loaded, expected.rows.map(({ prompt, completion }) => ({ prompt, completion })), context);
    expect(scores.map(({ tokenIds }) => tokenIds)).toEqual(expected.rows.map(({ targetTokenIds }) => targetTokenIds));
    scores.forEach(({ logProbs }, row) => {
      expect(logProbs).toHaveLength(expected.rows[row]!.logProbs.length);
      logProbs.forEach((logProb, place) => expect(logProb).toBeCloseTo(expected.rows[row]!.logProbs[place]!, 4));
    });
    expect(await scoreTokens(loaded, expected.rows.map(({ prompt, completion }) => ({ messages: [user(prompt), assistant(completion)] })), context)).toEqual(scores);
    expect(liveTensors()).toBe(before);
  });

  test('answers as the reference does, alone and side by side', async () => {
    const before = liveTensors();
    const answers = await answerConversations(ownModel(loaded), expected.rows.map(({ prompt }) => [user(prompt)]), { maxNewTokens: 12 }, context);
    expect(answers.map(({ tokenIds }) => tokenIds)).toEqual(expected.rows.map(({ answer }) => answer));
    for (const [row, { prompt }] of expected.rows.entries()) {
      const [alone] = await answerConversations(ownModel(loaded), [[user(prompt)]], { maxNewTokens: 12 }, context);
      expect(alone?.tokenIds).toEqual(answers[row]?.tokenIds);
    }
    expect(liveTensors()).toBe(before);
  });

  test('refuses text alone, several turns, and rows without a source', async () => {
    await expect(scoreTokens(loaded, [{ text: 'the end' }], context)).rejects.toMatchObject({ code: 'score-row-invalid', message: expect.stringContaining('Give {"prompt","completion"} or {"messages"}') });
    await expect(answerConversations(ownModel(loaded), [[user('a'), assistant('b'), user('c')]], { maxNewTokens: 2 }, context)).rejects.toMatchObject({ code: 'not-one-instruction' });
    await expect(generate(loaded.model, [{ tokenIds: [0] }], { maxNewTokens: 2, stopTokenIds: [1] }, context)).rejects.toMatchObject({ code: 'source-missing' });
    await expect(generate(loaded.model, [{ tokenIds: [0], sourceTokenIds: [9999] }], { maxNewTokens: 2, stopTokenIds: [1] }, context)).rejects.toMatchObject({ code: 'token-unknown' });
    await expect(tokenLogProbs(loaded.model, [{ tokenIds: [0, 1] }], context)).rejects.toMatchObject({ code: 'source-missing' });
  });
});
