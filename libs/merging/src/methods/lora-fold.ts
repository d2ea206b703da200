import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** W' = W + scaling * B A (LoRA, section 4.1); weights that the adapter does not target stay as they are. */
export const loraFold: MergeMethod = {
  name: 'lora-fold',
  title: 'LoRA folding',
  paper: 'arXiv:2106.09685',
  takes: { kind: 'adapter' },
  parameters: {},
  merge({ base, update }) {
    if (!update) return base;
    return ops.add(base, ops.mulScalar(ops.matmul(update.b, update.a), update.scaling)); // [out, in]
  },
};
