import { ops, RandomGenerator, randn, setThreads, type Tensor } from '@tunesmith/tensor';
import { AdamW, adamWDefaults } from './adamw.js';

beforeAll(() => setThreads(1));

/** The same gradients, which bfloat16 holds exactly, for a float32 and a bfloat16 parameter of the same value. */
function tuned(dtype: 'float32' | 'bfloat16', steps: number, learningRate: number): Tensor {
  const generator = new RandomGenerator(4);
  const start = ops.toDtype(randn([70, 30], { generator }), 'bfloat16');
  const parameter = ops.toDtype(start, dtype, true).setRequiresGrad(true);
  using optimizer = new AdamW([{ name: 'weight', tensor: parameter }], { ...adamWDefaults, weightDecay: 0.1 });
  for (let step = 0; step < steps; step += 1) {
    parameter.grad = ops.toDtype(ops.toDtype(randn([70, 30], { generator }), 'bfloat16'), dtype);
    optimizer.step(learningRate);
  }
  return parameter.detach();
}

const largest = (tensor: Tensor): number => ops.amax(ops.abs(tensor)).item();

test('a bfloat16 parameter is the rounded float32 one, after updates that are each far below its step', () => {
  const wide = tuned('float32', 200, 1e-5);
  const narrow = tuned('bfloat16', 200, 1e-5);
  const apart = ops.abs(ops.sub(ops.toDtype(narrow, 'float32'), wide));
  // Half a step of bfloat16 is at most 2^-8 of a number; the kernels differ in the last places of float32.
  const allowed = ops.addScalar(ops.mulScalar(ops.abs(wide), 2 ** -7.99), 1e-7);
  expect(largest(ops.relu(ops.sub(apart, allowed)))).toBe(0);
  expect(largest(ops.sub(wide, tuned('float32', 0, 1e-5)))).toBeGreaterThan(5e-4);
});

test('what is remembered has the same names from the first step on, and is whole after being copied', () => {
  const parameter = ops.toDtype(randn([8], { generator: new RandomGenerator(1) }), 'bfloat16').setRequiresGrad(true);
  using optimizer = new AdamW([{ name: 'weight', tensor: parameter }], adamWDefaults);
  expect([...optimizer.state()].map(([name, { dtype }]) => [name, dtype])).toEqual([['weight.mean', 'float32'], ['weight.square', 'float32'], ['weight.rest', 'int16'], ['weight.steps', 'float32']]);
});
