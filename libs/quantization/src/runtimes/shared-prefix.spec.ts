import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { Tokenizer } from '@tunesmith/tokenizers';
import type { ModelRuntime } from './model-runtime.js';
import { RuntimeModel } from './runtime-model.js';
import { compareRows, keptOf, piecesOf, rowOf, sharedLength } from './shared-prefix.js';

test('rows share what they begin with, as far as it may be', () => {
  expect(sharedLength([1, 2, 3], [1, 2, 4, 5])).toBe(2);
  expect(sharedLength([1, 2, 3], [1, 2, 3, 4], 1)).toBe(1);
  expect(sharedLength([], [1])).toBe(0);
});

test('what is read before the first question need not be read again; the last token always is', () => {
  expect(rowOf([1, 2, 3, 4], [[], [], [], [7], [8]]).unasked).toBe(2);
  expect(rowOf([1, 2, 3], [[], [], [], [7]]).unasked).toBe(2);
  expect(rowOf([1, 2, 3], [[9], [7], [], []]).unasked).toBe(0);
  expect(rowOf([1, 2, 3], [[], [], []]).unasked).toBe(2);
});

const row = (length: number, unasked: number, from = 0) => ({ tokenIds: Array.from({ length }, (_, place) => from + place), unasked });

test('a row is read in pieces that depend on it alone: whole ones, what is left unasked, and the rest', () => {
  expect(piecesOf(row(150, 140), 0)).toEqual([[0, 64], [64, 128], [128, 140], [140, 150]]);
  expect(piecesOf(row(150, 140), 128)).toEqual([[128, 140], [140, 150]]);
  expect(piecesOf(row(150, 128), 0)).toEqual([[0, 64], [64, 128], [128, 150]]);
  expect(piecesOf(row(1000, 0), 0)).toEqual([[0, 1000]]);
});

test('what was read in the same pieces is kept: all that is unasked where it ends alike, else whole pieces', () => {
  expect(keptOf(row(150, 140), row(145, 140))).toBe(140);
  expect(keptOf(row(150, 140), row(150, 139))).toBe(128);
  expect(keptOf(row(150, 140), row(200, 199))).toBe(128);
  expect(keptOf(row(150, 100), row(200, 199))).toBe(64);
  expect(keptOf(row(150, 140), row(150, 140, 1))).toBe(0);
  expect(keptOf(undefined, row(150, 140))).toBe(0);
});

test('continuations of one beginning are scored one after the other, whatever their order, and each is told in its place', async () => {
  const read: number[][] = [];
  const runtime: ModelRuntime = {
    name: 'tunesmith',
    begin: () => Promise.reject(new Error('nothing is decoded')),
    score(tokenIds, asked) {
      read.push([...tokenIds]);
      return Promise.resolve(asked.flatMap((ids) => (ids.length > 0 ? [{ logProbabilities: ids.map((id) => -id), likeliest: { id: 0, logProb: 0 } }] : [])));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await using folder = await temporaryFolder();
  await writeTinyModel(folder.path);
  const model = new RuntimeModel(runtime, { folder: folder.path, tokenizer: await Tokenizer.fromFolder(folder.path), format: undefined, contextLength: 100 });
  const questions = [[5, 1], [3, 2], [5, 1, 4]];
  const requests = [[7, 1], [8, 2], [7, 3, 9]].flatMap((continuationTokenIds) => questions.map((contextTokenIds) => ({ contextTokenIds, continuationTokenIds })));
  const scores = await model.scoreContinuations(requests, {}, { signal: new AbortController().signal, onProgress: () => undefined });
  scores.forEach(({ logProbs }, place) => expect(logProbs).toEqual(requests[place]!.continuationTokenIds.map((id) => -id)));
  expect(read).toEqual([...read].sort(compareRows));
  expect(read.slice(0, 3)).toEqual([[3, 2, 7], [3, 2, 7, 3], [3, 2, 8]]);
});
