import { ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { DoraLinear } from './dora-linear.js';
import { plainParts } from './plain-parts.js';

beforeAll(() => setThreads(1));

function drawnDora(): DoraLinear {
  const linear = new DoraLinear(plainParts({ dtype: 'float32' }).linear('layer', 7, 5, { bias: true }), { rank: 2, alpha: 6, generator: new RandomGenerator(1) });
  const generator = new RandomGenerator(3);
  for (const parameter of [linear.weight, linear.bias!]) ops.normalInPlace(parameter, 0, 1, generator);
  linear.initialize();
  return linear;
}

test('starts as the frozen linear, with the norms of its rows as magnitudes', () => {
  scope(() => {
    const linear = drawnDora();
    const input = randn([4, 7], { generator: new RandomGenerator(9) });
    expect(largest(ops.sub(linear.forward(input), linear.base.forward(input)))).toBeLessThan(1e-6);
    expect(largest(ops.sub(linear.magnitude, norms(linear.weight)))).toBeLessThan(1e-6);
    linear[Symbol.dispose]();
  });
});

test('has the result and the gradients of the definition, norms held constant', () => {
  scope(() => {
    const linear = drawnDora();
    ops.normalInPlace(linear.loraB.detach(), 0, 1, new RandomGenerator(4));
    ops.mulScalarInPlace(linear.magnitude.detach(), 1.3);
    const input = randn([6, 7], { generator: new RandomGenerator(9), requiresGrad: true });
    const learning = [input, linear.loraA, linear.loraB, linear.magnitude];
    const results = [linear.forward(input), defined(linear, input)].map((result) => {
      ops.sumAll(ops.square(result)).backward();
      const gradients = learning.map((tensor) => ops.clone(tensor.grad!));
      for (const tensor of learning) tensor.zeroGrad();
      return [result, ...gradients];
    });
    results[0]!.forEach((actual, index) => expect(largest(ops.sub(actual, results[1]![index]!))).toBeLessThan(1e-4 * largest(results[1]![index]!)));
    expect(largest(ops.sub(ops.linear(input, linear.merged(), linear.bias), linear.forward(input)))).toBeLessThan(1e-4);
    linear[Symbol.dispose]();
  });
});

/** m V / ‖V‖ with V = W + scaling B A (arXiv 2402.09353, equation 5). */
function defined({ weight, bias, loraA, loraB, magnitude, scaling }: DoraLinear, input: Tensor): Tensor {
  const direction = ops.add(weight, ops.matmul(loraB, loraA), scaling);
  return ops.linear(input, ops.mul(direction, ops.unsqueeze(ops.div(magnitude, norms(direction).detach()), 1)), bias);
}

function norms(matrix: Tensor): Tensor {
  return ops.sqrt(ops.sum(ops.square(matrix), 1));
}

function largest(tensor: Tensor): number {
  return ops.amax(ops.abs(tensor)).item();
}
