import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** Below this angle the sine is lost in rounding and the straight line is the same curve; mergekit 0.1.5 uses the same bound. */
const nearlyParallel = 0.9995;

/**
 * Spherical interpolation between two models (Shoemake, "Animating rotation with quaternion curves", 1985), each weight
 * taken as one vector: sin((1 - t) theta) / sin(theta) W_0 + sin(t theta) / sin(theta) W_1.
 */
export const slerp: MergeMethod = {
  name: 'slerp',
  title: 'Spherical linear interpolation',
  paper: 'doi:10.1145/325165.325242',
  takes: { kind: 'models', base: 'required', least: 1, most: 1 },
  parameters: { t: { per: 'weight', kind: 'number', description: 'The place between the base (0) and the other model (1).', default: 0.5 } },
  merge(input, parameters) {
    const dtype = input.base!.dtype;
    const base = ops.toDtype(input.base!, 'float32');
    const other = ops.toDtype(input.models[0]!, 'float32');
    const t = parameters.number('t');
    const cosine = ops.sumAll(ops.mul(base, other)).item() / (ops.norm(base).item() * ops.norm(other).item());
    const [first, second] = interpolationWeights(cosine, t);
    return ops.toDtype(ops.add(ops.mulScalar(base, first), ops.mulScalar(other, second)), dtype);
  },
};

/** How much of each end; the straight line where an end is zero or the two point the same (or the opposite) way. */
export function interpolationWeights(cosine: number, t: number): [number, number] {
  if (!Number.isFinite(cosine) || Math.abs(cosine) > nearlyParallel) return [1 - t, t];
  const theta = Math.acos(cosine);
  return [Math.sin((1 - t) * theta) / Math.sin(theta), Math.sin(t * theta) / Math.sin(theta)];
}
