import type { MergeMethod } from '../merge-method.js';
import { byChance } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops differences by chance, scales the rest up, and adds them (section 3). */
export const dareLinear: MergeMethod = {
  name: 'dare_linear',
  title: 'Linear DARE',
  paper: 'arXiv:2311.03099',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: taskVectorParameters({ normalize: false, rescale: true }),
  random: true,
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: false, sparsify: byChance(input, parameters) }),
};
