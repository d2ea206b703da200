import { noGrad, ops, RandomGenerator, randn, scope, type Tensor } from '@tunesmith/tensor';
import { chunkedLoss } from './chunked-loss.js';
import { divergence } from './divergence.js';

const options = { divergence: 'forward-kl', temperature: 1.3 } as const;

function inputs() {
  const generator = new RandomGenerator(5);
  const make = (shape: number[], requiresGrad: boolean): Tensor => randn(shape, { dtype: 'float64', generator, requiresGrad });
  return { hidden: make([11, 6], true), weight: make([17, 6], true), taught: make([11, 17], false) };
}

const largest = (left: Tensor, right: Tensor): number => ops.amax(ops.abs(ops.sub(left, right))).item();

describe('chunkedLoss', () => {
  test.each([1, 4, 11, 64])('equals the plain formula in float64, loss and gradients, in chunks of %d', (chunk) => {
    scope(() => {
      const { hidden, weight, taught } = inputs();
      // The plain formula: sum of p (log p - log q), times temperature².
      const p = ops.softmax(ops.divScalar(taught, 1.3), -1);
      const q = ops.logSoftmax(ops.divScalar(ops.linear(hidden, weight), 1.3), -1);
      const plain = ops.mulScalar(ops.sumAll(ops.mul(p, ops.sub(ops.log(p), q))), 1.3 ** 2);
      ops.mulScalar(plain, 1.7).backward();
      const [hiddenGradient, weightGradient] = [ops.clone(hidden.grad!), ops.clone(weight.grad!)];
      hidden.zeroGrad();
      weight.zeroGrad();
      const loss = chunkedLoss(hidden, weight, chunk, (part, head, start) =>
        ops.sumAll(divergence(ops.linear(part, head), { logits: ops.narrow(taught, 0, start, part.shape[0]!), tokens: null }, options)),
      );
      ops.mulScalar(loss, 1.7).backward();
      expect(Math.abs(loss.item() - plain.item())).toBeLessThan(1e-12);
      expect(largest(hidden.grad!, hiddenGradient)).toBeLessThan(1e-12);
      expect(largest(weight.grad!, weightGradient)).toBeLessThan(1e-12);
    });
  });

  test('makes only the gradients that are wanted, and none inside noGrad', () => {
    scope(() => {
      const { hidden, weight } = inputs();
      const of = (left: Tensor, right: Tensor): Tensor => chunkedLoss(left, right, 4, (part, head) => ops.sumAll(ops.square(ops.linear(part, head))));
      of(hidden, weight.detach()).backward();
      expect([hidden.grad === null, weight.grad === null]).toEqual([false, true]);
      expect(noGrad(() => of(hidden, weight)).requiresGrad).toBe(false);
      expect(hidden.grad).not.toBeNull();
      expect(weight.grad).toBeNull();
    });
  });
});
