import { ops, randn, RandomGenerator, scope, tensor } from '@tunesmith/tensor';
import { noisyParts } from './noisy-embedding.js';
import { plainParts } from './plain-parts.js';
import { StepNoise } from './step-noise.js';

const alpha = 5;
const size = 64;

test('rows of L tokens move within alpha / sqrt(L · size), by seed and step, and only in a step', () => {
  scope(() => {
    const noise = new StepNoise(7);
    const embedding = noisyParts(plainParts({ dtype: 'float32' }), { alpha, noise }).embedding('embed', 10, size);
    embedding.weight.writeBytes(Float32Array.from(randn([10, size], { generator: new RandomGenerator(1) }).toArray()));
    const tokenIds = tensor([1, 2, 3, 4, 5, 6, 7, 8, 1, 2], { dtype: 'int64' });
    const boundaries = [0, 1, 10]; // a row of one token and one of nine
    const still = embedding.forward(tokenIds);
    const move = () => ops.sub(embedding.forward(tokenIds, boundaries), still).toArray();
    expect(move().every((number) => number === 0)).toBe(true);
    noise.begin(2);
    const first = move();
    const largest = (from: number, to: number) => Math.max(...first.slice(from * size, to * size).map(Math.abs));
    const bounds = [alpha / Math.sqrt(size), alpha / Math.sqrt(9 * size)] as const;
    expect(largest(0, 1)).toBeLessThanOrEqual(bounds[0] * 1.0001);
    expect(largest(0, 1)).toBeGreaterThan(bounds[0] * 0.9);
    expect(largest(1, 10)).toBeLessThanOrEqual(bounds[1] * 1.0001);
    expect(largest(1, 10)).toBeGreaterThan(bounds[1] * 0.95);
    expect(Math.abs(first.reduce((sum, number) => sum + number, 0) / first.length)).toBeLessThan(bounds[1] / 10);
    expect(ops.equal(embedding.forward(tokenIds), still)).toBe(true); // no rows, no noise: embeddings of positions
    noise.begin(3);
    expect(move()).not.toEqual(first);
    noise.begin(2);
    expect(move()).toEqual(first);
    noise.end();
    expect(move().every((number) => number === 0)).toBe(true);
  });
});
