import type { MergeMethod } from '../merge-method.js';
import { byMagnitude } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Trim to the largest differences, elect a sign for each element, and take the mean of those that agree (section 3). */
export const ties: MergeMethod = {
  name: 'ties',
  title: 'TIES',
  paper: 'arXiv:2306.01708',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: taskVectorParameters({ normalize: true, rescale: false }),
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: true, sparsify: byMagnitude(parameters) }),
};
