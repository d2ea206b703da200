import { ops, type Tensor } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar } from '../pieces.js';

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
    const norms = ends.map((end) => {
      const norm = ops.vectorNorm(joined([end], ([piece]) => ops.vectorNorm(piece!)));
      return norm.item() > leastNorm ? norm : scalar(1, 'float32');
    });
    const dot = joined(ends, (pieces) => ops.sumAll(ops.mul(ops.div(pieces[0]!, norms[0]!), ops.div(pieces[1]!, norms[1]!))));
    const [first, second] = shares(ops.clamp(ops.sumAll(dot), -1, 1), parameters.number('t'));
    const merged = mapPieces(ends, ([one, other]) => ops.add(ops.mul(wide(one!), first), ops.mul(wide(other!), second)));
    return ops.reshape(merged, base!.shape);
  },
};

const wide = (piece: Tensor): Tensor => ops.toDtype(piece, 'float32');

/** What `measure` gives for each piece in float32, as one vector. */
function joined(inputs: readonly Tensor[], measure: (pieces: Tensor[]) => Tensor): Tensor {
  const values: number[] = [];
  forEachPiece(inputs, (pieces) => void values.push(measure(pieces.map(wide)).item()));
  return ops.stack(values.map((value) => scalar(value, 'float32')));
}

/** How much of each end; the straight line where the two point the same (or the opposite) way. */
function shares(cosine: Tensor, t: number): [Tensor, Tensor] {
  if (Math.abs(cosine.item()) > nearlyParallel) return [ops.addScalar(ops.neg(scalar(t, 'float32')), 1), scalar(t, 'float32')];
  const place = scalar(t, 'float32');
  const theta = ops.acos(cosine);
  const sine = ops.sin(theta);
  const left = ops.addScalar(ops.neg(place), 1);
  return [ops.div(ops.sin(ops.mul(left, theta)), sine), ops.div(ops.sin(ops.mul(place, theta)), sine)];
}
