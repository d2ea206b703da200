import { ops, randn, RandomGenerator, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { kernelOperators, plainOperators, type BlockOperators } from './fused-operators.js';

beforeAll(() => setThreads(1));

// Other devices run the plain operators: what a model computes must not depend on where it runs.
test.each<[string, number[], (operators: BlockOperators, input: Tensor) => Tensor]>([
  ['rmsNorm', [5, 12], (operators, input) => operators.rmsNorm(input, randn([12], { generator: new RandomGenerator(2) }), 1e-3, 1)],
  ['rotate', [5, 2, 6], (operators, input) => operators.rotate(input, ...angles(5, 6))],
  ['gate silu', [5, 12], (operators, input) => operators.gate(input, 'silu')],
  ['gate gelu_tanh', [5, 12], (operators, input) => operators.gate(input, 'gelu_tanh')],
])('the kernel and the plain operators agree: %s', (_, shape, body) => {
  scope(() => {
    const results = [kernelOperators, plainOperators].map((operators) => {
      const input = randn(shape, { generator: new RandomGenerator(1), requiresGrad: true });
      const output = body(operators, input);
      ops.sumAll(ops.square(output)).backward();
      return [...output.toArray(), ...(input.grad?.toArray() ?? [])];
    });
    results[0]?.forEach((number, index) => expect(number).toBeCloseTo(results[1]?.[index] ?? NaN, 4));
  });
});

function angles(tokens: number, width: number): [Tensor, Tensor] {
  const half = randn([tokens, 1, width / 2], { generator: new RandomGenerator(3) });
  const both = ops.cat([half, half], -1);
  return [ops.cos(both), ops.sin(both)];
}
