import type { MergeMethod } from '../merge-method.js';
import { byChance } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops differences by chance, scales the rest up, and adds those that agree with the sign of the majority (section 3; the signs as in TIES, arXiv 2306.01708). */
export const dareTies: MergeMethod = {
  name: 'dare_ties',
  title: 'DARE TIES',
  paper: 'arXiv:2311.03099',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: taskVectorParameters({ normalize: false, rescale: true }),
  random: true,
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: true, sparsify: byChance(input, parameters) }),
};
