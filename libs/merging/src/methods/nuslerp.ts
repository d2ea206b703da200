import { ops, type Tensor } from '@tunesmith/tensor';
import type { MergeInput, MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar, squares, sumDtype } from '../pieces.js';

const leastNorm = 1e-7;
/** Vectors whose squared sine is below its square lie on one line. */
const leastSine = 1e-8;

/**
 * Spherical interpolation by the weights of two models, of whole weights, of their rows or of their columns, and of the differences from a base where
 * one is given. As mergekit defines it (there is no paper), in the dtype of the models.
 */
export const nuslerp: MergeMethod = {
  name: 'nuslerp',
  title: 'Spherical interpolation by weights',
  paper: null,
  takes: { kind: 'models', base: 'optional', least: 2, most: 2 },
  parameters: {
    weight: { per: 'model', kind: 'number', description: 'How much of each of the two models.', default: null, required: true },
    nuslerp_flatten: { per: 'weight', kind: 'flag', description: 'Whether a weight is one vector; else its last dimension is.', default: true },
    nuslerp_row_wise: { per: 'weight', kind: 'flag', description: 'Without flattening: whether vectors run along the first dimension instead of the last.', default: false },
  },
  merge({ base, models }, parameters) {
    const weights = parameters.numbers('weight');
    const total = weights[0]! + weights[1]!;
    const t = Math.abs(total) < 1e-6 ? 0.5 : weights[1]! / total;
    if (parameters.flag('nuslerp_flatten')) return wholly({ base, models }, t);
    const [first, second] = models as [Tensor, Tensor];
    const along = parameters.flag('nuslerp_row_wise') && first.shape.length > 1 ? 0 : -1;
    // Vectors are whole in each piece: pieces are cut across the dimension that they do not run along.
    const cut = along === 0 ? first.shape.length - 1 : 0;
    if (first.shape.length < 2) return wholly({ base, models }, t);
    return mapPieces(base ? [first, second, base] : [first, second], ([one, other, from]) => {
      const ends = [one!, other!].map((end) => ops.transpose(from ? ops.sub(end, from) : end, along, -1)) as [Tensor, Tensor];
      const units = ends.map((end) => ops.div(end, ops.clamp(ops.vectorNorm(end, 2, [-1], true), leastNorm, null))) as [Tensor, Tensor];
      const merged = ops.transpose(interpolated(ends, ops.sum(ops.mul(...units), [-1], true), t), along, -1);
      return from ? ops.add(from, merged) : merged;
    }, { dim: cut });
  },
};

/** Each weight as one vector, in three passes over its pieces. */
function wholly({ base, models }: Pick<MergeInput, 'base' | 'models'>, t: number): Tensor {
  const { dtype, shape } = models[0]!;
  const inputs = flat(...models, ...(base ? [base] : []));
  const ends = ([one, other, from]: readonly Tensor[]): [Tensor, Tensor] => (from ? [ops.sub(one!, from), ops.sub(other!, from)] : [one!, other!]);
  const sums = [0, 0];
  const summed = sumDtype(models[0]!);
  forEachPiece(inputs, (pieces) => ends(pieces).forEach((end, index) => (sums[index]! += squares(end, summed))));
  const norms = sums.map((sum) => ops.clamp(scalar(Math.sqrt(sum), dtype), leastNorm, null));
  let dot = 0;
  forEachPiece(inputs, (pieces) => {
    const [one, other] = ends(pieces);
    dot += ops.sumAll(ops.mul(ops.div(one, norms[0]!), ops.div(other, norms[1]!)), summed).item();
  });
  const merged = mapPieces(inputs, (pieces) => {
    const between = interpolated(ends(pieces), scalar(dot, dtype), t);
    return base ? ops.add(pieces[2]!, between) : between;
  });
  return ops.reshape(merged, shape);
}

/** `cosine` has the shape of the ends with a last dimension of 1, or none. */
function interpolated([one, other]: readonly [Tensor, Tensor], given: Tensor, t: number): Tensor {
  const cosine = ops.clamp(given, -1, 1);
  const onOneLine = ops.leScalar(ops.addScalar(ops.neg(ops.square(cosine)), 1), leastSine ** 2);
  const theta = ops.acos(ops.whereScalar(onOneLine, 0, cosine));
  const along = ops.div(ops.add(ops.mul(ops.sin(ops.mulScalar(theta, 1 - t)), one), ops.mul(ops.sin(ops.mulScalar(theta, t)), other)), ops.sin(theta));
  return ops.where(onOneLine, ops.add(ops.mulScalar(one, 1 - t), ops.mulScalar(other, t)), along);
}
