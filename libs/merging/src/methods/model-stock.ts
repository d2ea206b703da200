import { ops, type Tensor } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar, squares, sumDtype } from '../pieces.js';

const leastProduct = 1e-6;

/**
 * As far from the base towards the mean of the models as the angle between their task vectors says (arXiv 2403.19522, section 4.2):
 * t = N cos / (1 + (N - 1) cos), with the mean of the angles of all pairs. In the dtype of the models, as mergekit computes it.
 */
export const modelStock: MergeMethod = {
  name: 'model_stock',
  title: 'Model Stock',
  paper: 'arXiv:2403.19522',
  takes: { kind: 'models', base: 'required', least: 2, most: Infinity },
  parameters: { filter_wise: { per: 'weight', kind: 'flag', description: 'Whether each row has an angle of its own; else the whole weight has one.', default: false } },
  merge({ base: given, models }, parameters) {
    const { dtype, shape } = given!;
    const rows = parameters.flag('filter_wise') && shape.length > 1;
    if (rows) {
      return mapPieces([given!, ...models], ([base, ...pieces]) => {
        const offsets = pieces.map((piece) => ops.sub(piece, base!));
        const norms = offsets.map((offset) => ops.vectorNorm(offset, 2, [-1]));
        const cosines = pairs(models.length).map(([i, j]) => cosine(ops.sum(ops.mul(offsets[i]!, offsets[j]!), [-1]), norms[i]!, norms[j]!));
        return between(base!, pieces, ops.unsqueeze(ops.mean(ops.stack(cosines), [0]), -1));
      });
    }
    const inputs = flat(given!, ...models);
    const lengths = models.map(() => 0);
    const dots = pairs(models.length).map(() => 0);
    const sums = sumDtype(given!);
    forEachPiece(inputs, ([base, ...pieces]) => {
      const offsets = pieces.map((piece) => ops.sub(piece, base!));
      offsets.forEach((offset, index) => (lengths[index]! += squares(offset, sums)));
      pairs(models.length).forEach(([i, j], index) => (dots[index]! += ops.sumAll(ops.mul(offsets[i]!, offsets[j]!), sums).item()));
    });
    const norms = lengths.map((sum) => scalar(Math.sqrt(sum), dtype));
    const cosines = pairs(models.length).map(([i, j], index) => cosine(scalar(dots[index]!, dtype), norms[i]!, norms[j]!));
    const angle = ops.mean(ops.stack(cosines), [0]);
    return ops.reshape(mapPieces(inputs, ([base, ...pieces]) => between(base!, pieces, angle)), shape);
  },
};

function pairs(count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => Array.from({ length: count - i - 1 }, (_unused, k): [number, number] => [i, i + 1 + k])).flat();
}

function cosine(dot: Tensor, one: Tensor, other: Tensor): Tensor {
  return ops.clamp(ops.div(dot, ops.clamp(ops.mul(one, other), leastProduct, null)), -1, 1);
}

/** t * mean of the models + (1 - t) * base; where updates oppose each other so that t has no finite value, the base. */
function between(base: Tensor, models: readonly Tensor[], angle: Tensor): Tensor {
  const count = models.length;
  const divisor = ops.addScalar(ops.mulScalar(angle, count - 1), 1);
  const undefinedHere = ops.ltScalar(ops.abs(divisor), 1e-6);
  const t = ops.maskedFill(ops.div(ops.mulScalar(angle, count), ops.maskedFill(divisor, undefinedHere, 1)), undefinedHere, 0);
  const average = ops.divScalar(models.reduce((sum, model) => ops.add(sum, model)), count);
  return ops.add(ops.mul(t, average), ops.mul(ops.addScalar(ops.neg(t), 1), base));
}
