import { scope } from '@tunesmith/tensor';
import { packTokens } from './pack-tokens.js';

test('rows one after another, with their sources', () => {
  scope(() => {
    const { tokenIds, positions, boundaries, source } = packTokens([[7, 8], [9]], { starts: [3, 0], sources: [[1], [2, 3]] });
    expect([tokenIds.toArray(), positions.toArray(), boundaries]).toEqual([[7, 8, 9], [3, 4, 0], [0, 2, 3]]);
    expect([source?.tokenIds.toArray(), source?.positions.toArray(), source?.boundaries]).toEqual([[1, 2, 3], [0, 0, 1], [0, 1, 3]]);
    expect(packTokens([[7]]).source).toBeUndefined();
  });
});

test.each([
  [[], undefined, 'batch-empty'],
  [[[1], []], undefined, 'row-empty'],
  [[[1], [2]], [[3]], 'batch-sources'],
  [[[1]], [[]], 'row-empty'],
])('rows %j with sources %j are refused', (rows, sources, code) => {
  expect(() => scope(() => packTokens(rows, { ...(sources && { sources }) }))).toThrow(expect.objectContaining({ code }));
});
