import { liveTensors, tensor } from '@tunesmith/tensor';
import { alignRows } from './align-rows.js';
import type { MergedVocabulary } from './merge-vocabularies.js';

/** Three inputs over tokens a to f: by row of their embeddings, whose values are 10 * input + row. */
const places = [
  [0, 1, 2, -1, -1, -1], // a b c
  [1, 0, -1, 2, -1, -1], // b a d
  [0, -1, 1, 2, -1, -1], // a c d
];
const rowsOf = [3, 4, 3];

async function align(changes: Partial<MergedVocabulary> = {}, base: number | null = 0, inputs = [0, 1, 2]): Promise<number[][]> {
  const before = liveTensors();
  const vocabulary: MergedVocabulary = { source: 0, tokens: 6, rows: 6, places: places.map((each) => Int32Array.from(each)), rules: new Map(), added: [], ...changes };
  const aligned = await alignRows(
    inputs.map((input) => ({ input, load: () => Promise.resolve(tensor(Array.from({ length: rowsOf[input]! * 2 }, (_, index) => 10 * input + (index >> 1)), { shape: [rowsOf[input]!, 2] })) })),
    vocabulary, base ?? undefined,
  );
  const values = aligned.map((each) => {
    const numbers = each.toArray();
    each.dispose();
    expect(numbers.filter((_, index) => index % 2 === 1)).toEqual(numbers.filter((_, index) => index % 2 === 0));
    return numbers.filter((_, index) => index % 2 === 0);
  });
  expect(liveTensors()).toBe(before);
  return values;
}

test('tokens of an input keep its rows; others come from the base, from the only one that has them, from the mean, or are zero', async () => {
  expect(await align()).toEqual([
    [0, 1, 2, 17, 0, 0], // d: the mean of 12 and 22
    [11, 10, 2, 12, 0, 0], // c: the base's
    [20, 1, 21, 22, 0, 0],
  ]);
});

test('without a base the mean of those that have a token fills the rest', async () => {
  expect(await align({}, null)).toEqual([
    [0, 1, 2, 17, 0, 0],
    [11, 10, 11.5, 12, 0, 0],
    [20, 5.5, 21, 22, 0, 0],
  ]);
});

test('an only owner gives its row to all', async () => {
  expect(await align({}, 0, [0, 1])).toEqual([[0, 1, 2, 12, 0, 0], [11, 10, 2, 12, 0, 0]]);
});

test('rules come first, for those that lack the token, or with force for all', async () => {
  const rules: MergedVocabulary['rules'] = new Map([
    [2, { force: false, source: { kind: 'input', input: 2 } }],
    [3, { force: true, source: { kind: 'zero' } }],
    [4, { force: false, source: { kind: 'row', input: 1, row: 3 } }],
    [0, { force: true, source: { kind: 'input', input: 1 } }],
  ]);
  expect(await align({ rules })).toEqual([
    [11, 1, 2, 0, 13, 0],
    [11, 10, 21, 0, 13, 0],
    [11, 1, 21, 0, 13, 0],
  ]);
});

test('rows beyond the last token are the mean of all', async () => {
  const [first] = await align({ rows: 8 });
  expect(first!.slice(6)).toEqual([20 / 6, 20 / 6].map((value) => Math.fround(value)));
});

test('a rule whose input has no such weight is refused', async () => {
  await expect(align({ rules: new Map([[3, { force: true, source: { kind: 'input', input: 2 } }]]) }, 0, [0, 1])).rejects.toThrow(/token 3 is to come from an input that has no weight/);
});
