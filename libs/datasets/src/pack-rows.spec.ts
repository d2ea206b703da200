import fc from 'fast-check';
import { ignoredTarget, packRows } from './pack-rows.js';

const row = fc
  .array(fc.record({ id: fc.nat(1000), train: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .map((tokens) => ({ tokenIds: tokens.map(({ id }) => id), lossMask: tokens.map(({ train }) => train), index: 0 }));

describe('packRows', () => {
  test('lays rows one behind the other', () => {
    const packed = packRows([
      { tokenIds: [5, 6, 7], lossMask: [false, false, true], index: 0 },
      { tokenIds: [8, 9], lossMask: [true, true], index: 1 },
    ]);
    expect([...packed.tokenIds]).toEqual([5, 6, 7, 8, 9]);
    expect([...packed.positions]).toEqual([0, 1, 2, 0, 1]);
    expect(packed.boundaries).toEqual([0, 3, 5]);
    expect([...packed.targets]).toEqual([-100, 7, -100, 9, -100]);
    expect(packed.trainedTokens).toBe(2);
  });

  test('a target weighs what its token weighs in its own row, one where the row has no weights', () => {
    const rows = [
      { tokenIds: [5, 6, 7], lossMask: [true, true, true], lossWeights: [4, 0.5, 2], index: 0 },
      { tokenIds: [8, 9, 1], lossMask: [false, false, true], index: 1 },
    ];
    expect(packRows(rows).targetWeights).toEqual(Float32Array.of(0.5, 2, 0, 0, 1, 0));
    expect(packRows(rows.slice(1))).not.toHaveProperty('targetWeights');
  });

  test('lays sources beside the rows, one for each', () => {
    const rows = [
      { tokenIds: [0, 6, 1], lossMask: [false, true, true], sourceTokenIds: [5, 1], index: 0 },
      { tokenIds: [0, 1], lossMask: [false, true], sourceTokenIds: [7, 8, 1], index: 1 },
    ];
    const { targets, source } = packRows(rows);
    expect([...targets]).toEqual([6, 1, -100, 1, -100]);
    expect(source).toEqual({ tokenIds: Int32Array.of(5, 1, 7, 8, 1), positions: Int32Array.of(0, 1, 0, 1, 2), boundaries: [0, 2, 5] });
    const [first, { sourceTokenIds: _none, ...second }] = rows as [(typeof rows)[0], (typeof rows)[0]];
    expect(() => packRows([first, second])).toThrow(expect.objectContaining({ code: 'source-missing' }));
  });

  test('a target is the next token of the same row where that one is masked in, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), (rows) => {
        const wanted = rows.flatMap(({ tokenIds, lossMask }) => tokenIds.map((_, place) => (lossMask[place + 1] ? tokenIds[place + 1]! : ignoredTarget)));
        const trained = wanted.filter((target) => target !== ignoredTarget).length;
        if (trained === 0) {
          expect(() => packRows(rows)).toThrow(expect.objectContaining({ code: 'nothing-to-train-on' }));
          return;
        }
        const packed = packRows(rows);
        expect([...packed.targets]).toEqual(wanted);
        expect(packed.trainedTokens).toBe(trained);
        rows.forEach(({ tokenIds }, index) => expect([...packed.tokenIds.subarray(packed.boundaries[index], packed.boundaries[index + 1])]).toEqual(tokenIds));
      }),
      { numRuns: 100 },
    );
  });
});
