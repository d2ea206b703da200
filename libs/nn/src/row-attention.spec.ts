import { RandomGenerator, randn, scope, setThreads, tensor, type Tensor } from '@tunesmith/tensor';
import { rowAttention } from './row-attention.js';
import { rowBeginnings, RowSlots } from './row-slots.js';
import { nested } from './testing/naive-attention.js';

const [heads, headDim] = [2, 3];

beforeAll(() => setThreads(1));

/** The formula, one number at a time. */
function naive(query: Tensor, key: Tensor, value: Tensor, boundaries: readonly number[], keyBoundaries: readonly number[], biasOf: (row: number, head: number, from: number, to: number) => number): number[] {
  const [q, k, v] = [query, key, value].map((each) => nested(each.toArray(), heads, headDim)) as [number[][][], number[][][], number[][][]];
  return q.flatMap((ofHeads, token) => {
    const row = boundaries.findLastIndex((begin) => begin <= token);
    const places = Array.from({ length: keyBoundaries[row + 1]! - keyBoundaries[row]! }, (_, index) => keyBoundaries[row]! + index);
    return ofHeads.flatMap((numbers, head) => {
      const weights = places.map((place, to) => Math.exp(numbers.reduce((sum, number, index) => sum + number * k[place]![head]![index]!, biasOf(row, head, token - boundaries[row]!, to))));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return numbers.map((_, index) => places.reduce((sum, place, to) => sum + (weights[to]! / total) * v[place]![head]![index]!, 0));
    });
  });
}

function drawn(tokens: number, seed: number): Tensor {
  return randn([tokens, heads, headDim], { generator: new RandomGenerator(seed) });
}

function expectClose(actual: Tensor, expected: readonly number[]): void {
  const numbers = actual.toArray();
  expect(numbers).toHaveLength(expected.length);
  numbers.forEach((number, index) => expect(number).toBeCloseTo(expected[index]!, 5));
}

test('each row looks at its own row of keys, with its bias', () => {
  scope(() => {
    const [boundaries, keyBoundaries] = [[0, 2, 3], [0, 1, 5]];
    const [query, key, value] = [drawn(3, 1), drawn(5, 2), drawn(5, 3)];
    const biases = [tensor([0.5, -1, -0.25, 2], { shape: [2, 2, 1] }), tensor([1, 2, -Infinity, 3, 0, -1, 1, 0.5], { shape: [2, 1, 4] })];
    const lists = biases.map((bias) => bias.toArray());
    const biasOf = (row: number, head: number, from: number, to: number) => lists[row]![row === 0 ? head * 2 + from : head * 4 + to]!;
    expectClose(rowAttention(query, key, value, { boundaries, keyBoundaries, biases }), naive(query, key, value, boundaries, keyBoundaries, biasOf));
    expectClose(rowAttention(query, key, value, { boundaries, keyBoundaries }), naive(query, key, value, boundaries, keyBoundaries, () => 0));
    expectClose(rowAttention(key, key, value, { boundaries: keyBoundaries }), naive(key, key, value, keyBoundaries, keyBoundaries, () => 0));
  });
});

test('slots give the same for one more token of every row, many times, also after rows have left', () => {
  using slots = new RowSlots();
  scope(() => {
    let held = { keys: drawn(5, 4), values: drawn(5, 5), boundaries: [0, 1, 4, 5] as readonly number[] };
    slots.fill(held, { room: true });
    for (let step = 0; step < 80; step += 1) {
      if (step === 50) slots.keepRows([2, 0]);
      const rows = slots.lengths.length;
      const [query, key, value] = [drawn(rows, 3 * step + 10), drawn(rows, 3 * step + 11), drawn(rows, 3 * step + 12)];
      const fresh = { keys: key, values: value, boundaries: Array.from({ length: rows + 1 }, (_, row) => row) };
      const before = slots.packed();
      held = slots.continued(fresh);
      slots.append(key, value);
      expect(slots.lengths).toEqual(slots.packed().boundaries.slice(1).map((end, row) => end - slots.packed().boundaries[row]!));
      expect(slots.packed().keys.toArray()).toEqual(held.keys.toArray());
      expect(before.boundaries.at(-1)! + rows).toBe(held.boundaries.at(-1));
      const expected = rowAttention(query, held.keys, held.values, { boundaries: fresh.boundaries, keyBoundaries: held.boundaries });
      expectClose(slots.attend(query, rowBeginnings(slots.lengths, query)), expected.toArray());
    }
  });
  expect(slots.lengths).toEqual([81, 81]);
});

test('what was never filled, or was disposed of, says so', () => {
  const slots = new RowSlots();
  expect(() => slots.packed()).toThrow(expect.objectContaining({ code: 'cache-empty' }));
  slots.keepRows([]);
  scope(() => slots.fill({ keys: drawn(1, 1), values: drawn(1, 2), boundaries: [0, 1] }));
  slots[Symbol.dispose]();
  expect(() => slots.packed()).toThrow(expect.objectContaining({ code: 'cache-empty' }));
});
