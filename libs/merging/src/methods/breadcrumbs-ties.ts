import type { MergeMethod } from '../merge-method.js';
import { withoutOutliers } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops the smallest differences and the outliers, and adds those that agree with the sign of the majority (section 3; the signs as in TIES, arXiv 2306.01708). */
export const breadcrumbsTies: MergeMethod = {
  name: 'breadcrumbs_ties',
  title: 'Model Breadcrumbs with TIES',
  paper: 'arXiv:2312.06795',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: { ...taskVectorParameters({ normalize: false, rescale: false }), gamma: { per: 'model', kind: 'number', least: 0, most: 1, description: 'The share of largest differences that is dropped.', default: 0.01 } },
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: true, sparsify: withoutOutliers(parameters) }),
};
