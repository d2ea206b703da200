import { ops, type Tensor } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar, wideDtype } from '../pieces.js';

/** Above this cosine the sine is lost in rounding and the straight line is the same curve; the bounds are mergekit's. */
const nearlyParallel = 0.9995;
const leastNorm = 1e-8;

/**
 * Spherical interpolation between two models (Shoemake, "Animating rotation with quaternion curves", 1985), each weight
 * taken as one vector: sin((1 - t) theta) / sin(theta) W_0 + sin(t theta) / sin(theta) W_1, in float32.
 */
export const slerp: MergeMethod = {
  name: 'slerp',
  title: 'Spherical linear interpolation',
  paper: 'doi:10.1145/325165.325242',
  takes: { kind: 'models', base: 'required', least: 1, most: 1 },
  parameters: { t: { per: 'weight', kind: 'number', description: 'The place between the base (0) and the other model (1).', default: 0.5 } },
  merge({ base, models }, parameters) {
    const ends = flat(base!, models[0]!);
    const dtype = wideDtype(base!);
    const wide = (piece: Tensor): Tensor => ops.toDtype(piece, dtype);
    /** What `measure` gives for each piece, as one vector. */
    const joined = (inputs: readonly Tensor[], measure: (pieces: readonly Tensor[]) => Tensor): Tensor => {
      const values: number[] = [];
      forEachPiece(inputs, (pieces) => void values.push(measure(pieces.map(wide)).item()));
      return ops.stack(values.map((value) => scalar(value, dtype)));
    };
    const norms = ends.map((end) => {
      const norm = ops.vectorNorm(joined([end], ([piece]) => ops.vectorNorm(piece!)));
      return norm.item() > leastNorm ? norm : scalar(1, dtype);
    });
    const dot = joined(ends, (pieces) => ops.sumAll(ops.mul(ops.div(pieces[0]!, norms[0]!), ops.div(pieces[1]!, norms[1]!))));
    const [first, second] = shares(ops.clamp(ops.sumAll(dot), -1, 1), scalar(parameters.number('t'), dtype));
    const merged = mapPieces(ends, ([one, other]) => ops.add(ops.mul(wide(one!), first), ops.mul(wide(other!), second)));
    return ops.reshape(merged, base!.shape);
  },
};

/** How much of each end; the straight line where the two point the same (or the opposite) way. */
function shares(cosine: Tensor, place: Tensor): [Tensor, Tensor] {
  const left = ops.addScalar(ops.neg(place), 1);
  if (Math.abs(cosine.item()) > nearlyParallel) return [left, place];
  const theta = ops.acos(cosine);
  const sine = ops.sin(theta);
  return [ops.div(ops.sin(ops.mul(left, theta)), sine), ops.div(ops.sin(ops.mul(place, theta)), sine)];
}
