import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** One model's weights as they are: for stacking layers of several models. A scale is a factor of the weight. */
export const passthrough: MergeMethod = {
  name: 'passthrough',
  title: 'Layer stacking',
  paper: null,
  takes: { kind: 'models', base: 'member', least: 1, most: 1 },
  parameters: { scale: { per: 'model', kind: 'number', description: 'A factor of the weight.', default: null } },
  merge({ models }, parameters) {
    const [scale] = parameters.optionalNumbers('scale');
    return scale === null || scale === undefined ? models[0]! : ops.mulScalar(models[0]!, scale);
  },
};
