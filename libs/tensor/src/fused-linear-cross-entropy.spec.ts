import { fusedLinearCrossEntropy, noGrad, ops, RandomGenerator, randn, scope, tensor, zeros, type DType, type Tensor } from './index.js';

const ignoreIndex = -100;

function plain(hidden: Tensor, weight: Tensor, targets: Tensor, weights: Tensor | null, reduction: 'mean' | 'sum' | 'none'): Tensor {
  const losses = ops.crossEntropyLoss(ops.linear(hidden, weight), targets, null, 0, ignoreIndex);
  const weighted = weights ? ops.mul(losses, weights) : losses;
  if (reduction === 'none') return weighted;
  const total = ops.sumAll(weighted);
  if (reduction === 'sum') return total;
  const counted = ops.toDtype(ops.neScalar(targets, ignoreIndex), hidden.dtype);
  return ops.div(total, ops.sumAll(weights ? ops.mul(counted, weights) : counted));
}

function largestDifference(a: Tensor, b: Tensor): number {
  return scope(() => ops.amax(ops.abs(ops.sub(ops.toDtype(a, 'float64'), ops.toDtype(b, 'float64')))).item());
}

function gradientOf(leaf: Tensor): Tensor {
  const { grad } = leaf;
  if (!grad) throw new Error('no gradient');
  return grad;
}

function inputs(dtype: DType, tokens: number, width: number, vocabulary: number) {
  const generator = new RandomGenerator(7);
  const hidden = randn([tokens, width], { dtype, generator, requiresGrad: true });
  const weight = randn([vocabulary, width], { dtype, generator, requiresGrad: true });
  const targets = tensor(Array.from({ length: tokens }, (_, row) => (row % 3 === 1 ? ignoreIndex : (row * 17) % vocabulary)), { dtype: 'int64' });
  const weights = tensor(Array.from({ length: tokens }, (_, row) => 0.5 + (row % 4)), { dtype: dtype === 'float64' ? 'float64' : 'float32' });
  return { hidden, weight, targets, weights };
}

describe('fusedLinearCrossEntropy', () => {
  const cases = (['float64', 'float32'] as const).flatMap((dtype) =>
    (['mean', 'sum', 'none'] as const).flatMap((reduction) => [true, false].map((weighted) => ({ dtype, reduction, weighted }))),
  );

  it.each(cases)('equals the plain composition, loss and gradients: $dtype $reduction weighted=$weighted', ({ dtype, reduction, weighted }) => {
    scope(() => {
      const tolerance = dtype === 'float64' ? 1e-6 : 2e-4;
      // Sizes that divide neither by the chunk nor by the vector width.
      const { hidden, weight, targets, weights } = inputs(dtype, 23, 13, 61);
      const rowWeights = weighted ? weights : null;
      const expected = plain(hidden, weight, targets, rowWeights, reduction);
      // A factor other than one, different for each row, shows that backward uses it.
      const factor = reduction === 'none' ? randn([23], { dtype, generator: new RandomGenerator(9) }) : tensor([1.7], { dtype, shape: [] });
      expected.backward(factor);
      const [expectedHidden, expectedWeight] = [ops.clone(gradientOf(hidden)), ops.clone(gradientOf(weight))];
      hidden.zeroGrad();
      weight.zeroGrad();

      const actual = fusedLinearCrossEntropy(hidden, weight, targets, { chunk: 5, weights: rowWeights, reduction });
      actual.backward(ops.toDtype(factor, actual.dtype));
      expect(actual.shape).toEqual(expected.shape);
      expect(largestDifference(actual, expected)).toBeLessThan(tolerance * Math.max(1, Math.abs(ops.amax(expected).item())));
      expect(largestDifference(gradientOf(hidden), expectedHidden)).toBeLessThan(tolerance);
      expect(largestDifference(gradientOf(weight), expectedWeight)).toBeLessThan(tolerance);
    });
  });

  it('stays close to float32 in bfloat16', () => {
    scope(() => {
      const { hidden, weight, targets } = inputs('float32', 64, 32, 101);
      const half = (leaf: Tensor) => noGrad(() => ops.toDtype(ops.mulScalar(leaf, 0.3), 'bfloat16')).setRequiresGrad(true);
      const [narrowHidden, narrowWeight] = [half(hidden), half(weight)];
      const wide = (leaf: Tensor) => noGrad(() => ops.toDtype(leaf, 'float32')).setRequiresGrad(true);
      const [wideHidden, wideWeight] = [wide(narrowHidden), wide(narrowWeight)];
      const expected = plain(wideHidden, wideWeight, targets, null, 'mean');
      expected.backward();
      const actual = fusedLinearCrossEntropy(narrowHidden, narrowWeight, targets, { chunk: 10 });
      actual.backward();
      expect(actual.dtype).toBe('float32');
      expect(Math.abs(actual.item() - expected.item())).toBeLessThan(0.01 * expected.item());
      const largest = (leaf: Tensor) => ops.amax(ops.abs(gradientOf(leaf))).item();
      expect(largestDifference(gradientOf(narrowHidden), gradientOf(wideHidden))).toBeLessThan(0.02 * largest(wideHidden));
      expect(largestDifference(gradientOf(narrowWeight), gradientOf(wideWeight))).toBeLessThan(0.02 * largest(wideWeight));
    });
  });

  it('makes only the gradients that are wanted, and none inside noGrad', () => {
    scope(() => {
      const { hidden, weight, targets } = inputs('float32', 8, 4, 11);
      fusedLinearCrossEntropy(hidden, weight.detach(), targets).backward();
      expect(hidden.grad).not.toBeNull();
      expect(weight.grad).toBeNull();
      expect(noGrad(() => fusedLinearCrossEntropy(hidden, weight, targets)).requiresGrad).toBe(false);
    });
  });

  it('gives ignored rows no loss and no gradient', () => {
    scope(() => {
      const { hidden, weight, targets } = inputs('float32', 9, 4, 11);
      const losses = fusedLinearCrossEntropy(hidden, weight, targets, { reduction: 'none' });
      ops.sumAll(losses).backward();
      const rows = ops.sum(ops.abs(gradientOf(hidden)), 1).toArray();
      losses.toArray().forEach((loss, row) => {
        expect(loss === 0).toBe(row % 3 === 1);
        expect(rows[row] === 0).toBe(row % 3 === 1);
      });
    });
  });

  it('refuses what would silently be wrong', () => {
    scope(() => {
      const { hidden, weight, targets } = inputs('float32', 6, 4, 11);
      const ignored = tensor([-100, -100, -100, -100, -100, -100], { dtype: 'int64' });
      expect(() => fusedLinearCrossEntropy(hidden, weight, ignored)).toThrow(/nothing to take the mean of/);
      expect(fusedLinearCrossEntropy(hidden, weight, ignored, { reduction: 'sum' }).item()).toBe(0);
      expect(() => fusedLinearCrossEntropy(hidden, weight, tensor([0, 1, 2, 3, 11, 5], { dtype: 'int64' }))).toThrow(/targets: 11 in row 4 is out of range for a vocabulary of 11/);
      expect(() => fusedLinearCrossEntropy(hidden, weight, tensor([0, 1], { dtype: 'int64' }))).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
      expect(() => fusedLinearCrossEntropy(hidden, ops.toDtype(weight, 'float64'), targets)).toThrow(expect.objectContaining({ code: 'dtype-mismatch' }));
      expect(() => fusedLinearCrossEntropy(hidden, zeros([11, 4]), targets, { chunk: 0 })).toThrow(/chunk: expected a positive number/);
      const loss = fusedLinearCrossEntropy(hidden, weight, targets);
      loss.backward(null, { retainGraph: true });
      expect(() => loss.backward()).toThrow(expect.objectContaining({ code: 'graph-freed' }));
    });
  });

  it.each(['float64', 'float32', 'bfloat16', 'float16'] as const)('caps logits softly, loss and gradients: %s', (dtype) => {
    scope(() => {
      const { hidden, weight, targets } = inputs('float64', 23, 13, 61);
      const softcap = 2;
      const capped = ops.mulScalar(ops.tanh(ops.divScalar(ops.linear(hidden, weight), softcap)), softcap);
      const expected = ops.crossEntropyLoss(capped, targets, null, 1, ignoreIndex);
      expected.backward();
      const narrow = [hidden, weight].map((each) => noGrad(() => ops.toDtype(each, dtype, true)).setRequiresGrad(true)) as [Tensor, Tensor];
      for (const chunk of [5, null]) {
        for (const each of narrow) each.zeroGrad();
        const actual = fusedLinearCrossEntropy(...narrow, targets, { softcap, ...(chunk ? { chunk } : {}) });
        actual.backward();
        const tolerance = { float64: 1e-6, float32: 1e-5, bfloat16: 3e-2, float16: 4e-3 }[dtype];
        expect(largestDifference(actual, expected)).toBeLessThan(tolerance);
        expect(largestDifference(gradientOf(narrow[0]), gradientOf(hidden))).toBeLessThan(tolerance);
        expect(largestDifference(gradientOf(narrow[1]), gradientOf(weight))).toBeLessThan(tolerance);
      }
    });
  });
});
