import { fuseRow, type FuseRowOptions } from './fuse-row.js';
import type { TransferredRow } from './transfer-row.js';

const options: FuseRowOptions = { fusion: 'min-ce', temperature: 1, reward: 'best' };
/** One place with two entries of the given probabilities, known up to a constant. */
const row = (crossEntropy: number, [first, second]: readonly [number, number], [p, q]: readonly [number, number], constant = 0): TransferredRow => ({
  crossEntropy, outcomes: ['fused'], indices: Int32Array.of(first, second), logits: Float32Array.of(Math.log(p) + constant, Math.log(q) + constant), entries: 2,
});
const models = [row(1.2, [4, 7], [0.6, 0.2]), row(0.8, [7, 9], [0.5, 0.25], 3), row(1.5, [4, 9], [0.9, 0.1])];

test('MinCE takes the model of the least cross-entropy as it is, AvgCE mixes by softmax(exp(-ce)): the vector of the facts', () => {
  const least = fuseRow(models, options);
  expect(least.weights).toEqual([0, 1, 0]);
  expect([...least.indices]).toEqual([7, 9]);
  expect([...least.logits]).toEqual([...models[1]!.logits]);
  expect(least.crossEntropy).toBeCloseTo(0.8, 12);

  const weights = [0.324194, 0.375958, 0.299849];
  const average = fuseRow(models, { ...options, fusion: 'avg-ce' });
  average.weights.forEach((weight, model) => expect(weight).toBeCloseTo(weights[model]!, 6));
  const shares = new Map([...average.indices].map((id, entry) => [id, Math.exp(average.logits[entry]!)]).filter(([, share]) => share! > 0) as [number, number][]);
  expect(shares.get(4)).toBeCloseTo(weights[0]! * 0.75 + weights[2]! * 0.9, 5);
  expect(shares.get(7)).toBeCloseTo(weights[0]! * 0.25 + (weights[1]! * 2) / 3, 5);
  expect(shares.get(9)).toBeCloseTo(weights[1]! / 3 + weights[2]! * 0.1, 5);
  expect([...average.logits].slice(3)).toEqual([-Infinity, -Infinity, -Infinity]);
  expect([...average.logits].slice(0, 3)).toEqual([...average.logits].slice(0, 3).sort((one, other) => other - one));
});

test('the pivot wins a tie', () => {
  expect(fuseRow([row(1, [1, 2], [0.5, 0.5]), row(1, [3, 4], [0.5, 0.5])], options).weights).toEqual([1, 0]);
});

test('a temperature softens each before they are mixed', () => {
  const [one, other] = [row(1, [1, 2], [0.8, 0.2]), row(1, [1, 3], [0.5, 0.5])];
  const { indices, logits } = fuseRow([one, other], { ...options, fusion: 'avg-ce', temperature: 2 });
  const softened = Math.sqrt(0.8) / (Math.sqrt(0.8) + Math.sqrt(0.2));
  expect(Math.exp(logits[[...indices].indexOf(1)]!)).toBeCloseTo(softened / 2 + 0.25, 6);
  expect([...fuseRow([one], { ...options, temperature: 2 }).logits]).toEqual([...one.logits].map((logit) => Math.fround(logit / 2)));
});

test('the reward of soft mixing is the best or the mean one', () => {
  const rewards = models.map(({ crossEntropy }) => Math.exp(-crossEntropy));
  expect(Math.exp(-fuseRow(models, options).crossEntropy)).toBeCloseTo(Math.max(...rewards), 12);
  expect(Math.exp(-fuseRow(models, { ...options, reward: 'mean' }).crossEntropy)).toBeCloseTo(rewards.reduce((sum, each) => sum + each) / 3, 12);
});

test('entries that mean nothing stay so, and can be looked up', () => {
  const sparse: TransferredRow = { crossEntropy: 0.1, outcomes: ['fused'], indices: Int32Array.of(5, -1), logits: Float32Array.of(-1, -Infinity), entries: 2 };
  const least = fuseRow([row(1, [1, 2], [0.5, 0.5]), sparse], options);
  expect([[...least.indices], [...least.logits]]).toEqual([[5, 0], [-1, -Infinity]]);
  const average = fuseRow([sparse], { ...options, fusion: 'avg-ce' });
  expect([[...average.indices], [...average.logits]]).toEqual([[5, 0], [0, -Infinity]]);
});
