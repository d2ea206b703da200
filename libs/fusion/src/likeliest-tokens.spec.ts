import { manualSeed, ops, randn, scope, setThreads } from '@tunesmith/tensor';
import { likeliestTokens } from './likeliest-tokens.js';

beforeAll(() => setThreads(1));

test.each([
  { vocabulary: 1000, count: 10, columns: 1000 },
  { vocabulary: 1000, count: 10, columns: 1100 }, // an embedding padded beyond the vocabulary
  { vocabulary: 960, count: 3, columns: 960 }, // whole blocks only
  { vocabulary: 640, count: 10, columns: 700 }, // as many blocks as tokens are asked for
  { vocabulary: 70, count: 10, columns: 80 },
  { vocabulary: 5, count: 5, columns: 5 },
])('equals a sort of all: $count of $vocabulary', ({ vocabulary, count, columns }) => {
  manualSeed(3);
  scope(() => {
    const logits = randn([20, columns]);
    const [values, indices] = ops.topk(ops.narrow(logits, 1, 0, vocabulary), count);
    const found = likeliestTokens(logits, vocabulary, count);
    expect(found.values.toArray()).toEqual(values.toArray());
    expect(found.indices.toArray()).toEqual(indices.toArray());
  });
});
