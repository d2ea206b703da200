import type { MergeMethod } from '../merge-method.js';
import { byRank } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops differences by chance, small ones of a row more often, and adds the rest (section 3, without the election of signs). */
export const dellaLinear: MergeMethod = {
  name: 'della_linear',
  title: 'Linear DELLA',
  paper: 'arXiv:2406.11617',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: { ...taskVectorParameters({ normalize: false, rescale: true }), epsilon: { per: 'model', kind: 'number', least: 0, most: 1, description: 'How far the probabilities of the smallest and the largest lie from the density.', default: 0.15 } },
  random: true,
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: false, sparsify: byRank(input, parameters) }),
};
