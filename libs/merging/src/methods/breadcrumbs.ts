import type { MergeMethod } from '../merge-method.js';
import { withoutOutliers } from '../sparsify.js';
import { mergeTaskVectors, taskVectorParameters } from '../task-vectors.js';

/** Drops the smallest differences and the outliers, and adds the rest (section 3). */
export const breadcrumbs: MergeMethod = {
  name: 'breadcrumbs',
  title: 'Model Breadcrumbs',
  paper: 'arXiv:2312.06795',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: { ...taskVectorParameters({ normalize: false, rescale: false }), gamma: { per: 'model', kind: 'number', least: 0, most: 1, description: 'The share of largest differences that is dropped.', default: 0.01 } },
  merge: (input, parameters) => mergeTaskVectors(input, parameters, { consensus: false, sparsify: withoutOutliers(parameters) }),
};
