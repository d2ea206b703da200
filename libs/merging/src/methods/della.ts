import type { MergeMethod } from '../merge-method.js';
import { byRank } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops differences by chance, small ones of a row more often, and merges those that agree with the sign of the majority (section 3). */
export const della: MergeMethod = {
  name: 'della',
  title: 'DELLA',
  paper: 'arXiv:2406.11617',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: { ...taskVectorParameters({ normalize: true, rescale: true }), epsilon: { per: 'model', kind: 'number', least: 0, most: 1, description: 'How far the probabilities of the smallest and the largest lie from the density.', default: 0.15 } },
  random: true,
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: true, sparsify: byRank(input, parameters) }),
};
