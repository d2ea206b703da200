import type { MergeMethod } from '../merge-method.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** base + sum of w_i (W_i - base) (section 2). */
export const taskArithmetic: MergeMethod = {
  name: 'task_arithmetic',
  title: 'Task arithmetic',
  paper: 'arXiv:2212.04089',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  elementwise: true,
  parameters: taskVectorParameters({ normalize: false }),
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: false }),
};
