import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, mapPieces } from '../pieces.js';

/**
 * Takes the other model where it is near the base and keeps the base where it is far: the share of the other is t / |difference|, at most 1. As
 * mergekit defines it (there is no paper), in the dtype of the models.
 */
export const nearswap: MergeMethod = {
  name: 'nearswap',
  title: 'NearSwap',
  paper: null,
  takes: { kind: 'models', base: 'required', least: 1, most: 1 },
  parameters: { t: { per: 'weight', kind: 'number', least: 0, description: 'Differences up to this size are taken wholly.', default: null, required: true } },
  merge({ base, models }, parameters) {
    const t = parameters.number('t');
    const merged = mapPieces(flat(base!, models[0]!), ([one, other]) => {
      const distance = ops.abs(ops.sub(one!, other!));
      const share = ops.clamp(ops.mulScalar(ops.reciprocal(ops.clamp(distance, 1e-6, null)), t), 0, 1);
      return ops.add(ops.mul(share, other!), ops.mul(ops.addScalar(ops.neg(share), 1), one!));
    });
    return ops.reshape(merged, base!.shape);
  },
};
