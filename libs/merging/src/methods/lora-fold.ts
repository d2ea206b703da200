import { ops } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';

/** W' = W + scaling * B A (LoRA, section 4.1), and of a DoRA adapter m W' / ‖W'‖ for each output (arXiv 2402.09353, equation 5); weights that the adapter does not target stay as they are. */
export const loraFold: MergeMethod = {
  name: 'lora-fold',
  title: 'LoRA folding',
  paper: 'arXiv:2106.09685',
  takes: { kind: 'adapter' },
  parameters: {},
  merge({ base: stored, update }) {
    const base = stored!;
    if (!update) return base;
    const folded = ops.add(ops.toDtype(base, 'float32'), ops.mulScalar(ops.matmul(update.b, update.a), update.scaling)); // [out, in]
    const { magnitude } = update;
    if (!magnitude) return ops.toDtype(folded, base.dtype);
    const lengths = ops.sqrt(ops.sum(ops.square(folded), magnitude.shape[0] === 1 ? 0 : 1, true));
    return ops.toDtype(ops.mul(folded, ops.div(magnitude, lengths)), base.dtype);
  },
};
