import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { join } from 'node:path';
import { loadForInference } from './load-for-inference.js';
import { scoreContinuations, type ContinuationRequest } from './score-continuations.js';
import { loadFixtureModel } from './testing/fixture-model.js';
import { tokenLogProbs } from './token-log-probs.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const draw = (length: number, seed: number, vocabulary: number) => Array.from({ length }, (_, index) => (index * 7 + seed * 13 + ((index * seed) % 5)) % vocabulary);

/** A stem shared by all, questions shared by some, continuations of one token and of several; one context is another's beginning. */
function requestsFor(vocabulary: number): ContinuationRequest[] {
  const stem = draw(24, 1, vocabulary);
  const contexts = [[...stem, ...draw(9, 2, vocabulary)], [...stem, ...draw(5, 3, vocabulary)], draw(30, 4, vocabulary), [3], stem];
  return contexts.flatMap((contextTokenIds) => [[1], [2], draw(3, 5, vocabulary), draw(20, 6, vocabulary), [...draw(20, 6, vocabulary), 4]].map((continuationTokenIds) => ({ contextTokenIds, continuationTokenIds })));
}

describe.each(['llama-grouped-tied', 'gemma3-softcap-untied', 'qwen3-window', 'mistral-window'])('scoreContinuations of %s', (name) => {
  beforeAll(() => setThreads(1));

  test('gives each token what the whole row gives it, whatever the order and the batch', async () => {
    const { model } = await loadFixtureModel(name);
    try {
      const requests = requestsFor(Math.min(60, model.vocabularySize));
      const before = liveTensors();
      const scores = await scoreContinuations(model, requests, {}, context);
      expect(liveTensors()).toBe(before);
      const whole = await tokenLogProbs(model, requests.map(({ contextTokenIds, continuationTokenIds }) => ({ tokenIds: [...contextTokenIds, ...continuationTokenIds] })), context);
      scores.forEach(({ logProbs }, index) => {
        const expected = whole[index]!.slice(requests[index]!.contextTokenIds.length);
        expect(logProbs).toHaveLength(expected.length);
        logProbs.forEach((logProb, token) => expect(Math.abs(logProb - expected[token]!)).toBeLessThan(1e-5));
      });

      for (const [turned, batchRows, threads] of [[[...requests].reverse(), 1, 1], [[...requests].sort((a, b) => a.continuationTokenIds.length - b.continuationTokenIds.length), 3, 2]] as const) {
        setThreads(threads);
        const others = await scoreContinuations(model, turned, { batchRows }, context);
        turned.forEach((request, place) => {
          const same = scores[requests.indexOf(request)]!;
          expect(others[place]!.greedy).toBe(same.greedy);
          others[place]!.logProbs.forEach((logProb, token) => expect(Math.abs(logProb - same.logProbs[token]!)).toBeLessThan(1e-5));
        });
      }
    } finally {
      setThreads(1);
      model[Symbol.dispose]();
    }
  });
});

test.each(['llama-rope-dynamic', 'phi3-longrope-long'])('where turns depend on the length of a row, rows beyond the original context share nothing: %s', async (name) => {
  const { model } = await loadFixtureModel(name);
  try {
    expect(model.beginningsSameUpTo).toBeLessThan(44);
    const requests = requestsFor(Math.min(60, model.vocabularySize)).slice(0, 10);
    const together = await scoreContinuations(model, requests, {}, context);
    for (const [index, request] of requests.entries()) {
      const [alone] = await scoreContinuations(model, [request], {}, context);
      together[index]!.logProbs.forEach((logProb, token) => expect(Math.abs(logProb - alone!.logProbs[token]!)).toBeLessThan(1e-5));
    }
  } finally {
    model[Symbol.dispose]();
  }
});

test('says whether a continuation is what greedy decoding gives, and cuts long rows from the left', async () => {
  const { model, prompts, continuations } = await loadFixtureModel('llama-grouped-tied');
  try {
    const [contextTokenIds, said] = [prompts[0]!, continuations[0]!];
    const other = [...said.slice(0, -1), (said.at(-1)! + 1) % model.vocabularySize];
    const [right, wrong, cut, short] = await scoreContinuations(model, [{ contextTokenIds, continuationTokenIds: said }, { contextTokenIds, continuationTokenIds: other }, { contextTokenIds: [5, 6, 7, 8, ...contextTokenIds], continuationTokenIds: [9] }], {}, context).then(async (scores) => [
      ...scores,
      (await scoreContinuations(model, [{ contextTokenIds: [5, 6, 7, 8], continuationTokenIds: [9] }], { contextLength: 2 }, context))[0]!,
    ]);
    expect([right!.greedy, wrong!.greedy]).toEqual([true, false]);
    expect(short!.logProbs).toEqual((await scoreContinuations(model, [{ contextTokenIds: [7, 8], continuationTokenIds: [9] }], {}, context))[0]!.logProbs);
    expect(cut!.logProbs).not.toEqual(short!.logProbs);
    await expect(scoreContinuations(model, [{ contextTokenIds: [1], continuationTokenIds: [1, 2, 3] }], { contextLength: 2 }, context)).rejects.toMatchObject({ code: 'continuation-too-long' });
    await expect(scoreContinuations(model, [{ contextTokenIds: [], continuationTokenIds: [1] }], {}, context)).rejects.toMatchObject({ code: 'continuation-empty' });
  } finally {
    model[Symbol.dispose]();
  }
});

test('an encoder-decoder reads the context and writes the continuation', async () => {
  using loaded = await loadForInference(join(import.meta.dirname, '../../../tests/parity/fixtures/encoder-decoder'), { dtype: 'float32' });
  const startTokenId = Number(loaded.configJson.decoder_start_token_id);
  const requests = [{ contextTokenIds: [5, 6, 7], continuationTokenIds: [8, 9] }, { contextTokenIds: [6, 6], continuationTokenIds: [4] }];
  const scores = await scoreContinuations(loaded.model, requests, { startTokenId }, context);
  const whole = await tokenLogProbs(loaded.model, requests.map(({ contextTokenIds, continuationTokenIds }) => ({ tokenIds: [startTokenId, ...continuationTokenIds], sourceTokenIds: contextTokenIds })), context);
  scores.forEach(({ logProbs }, index) => logProbs.forEach((logProb, token) => expect(logProb).toBeCloseTo(whole[index]![token + 1]!, 5)));
  await expect(scoreContinuations(loaded.model, requests, {}, context)).rejects.toMatchObject({ code: 'start-token-missing' });
});
