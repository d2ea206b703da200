import { ops } from '@tunesmith/tensor';
import { averaged, contributions } from '../contributions.js';
import type { MergeMethod } from '../merge-method.js';
import { flat, mapPieces } from '../pieces.js';

/** What one model alone changed is taken whole, what several changed by the mean of those that did ("Reinforced Agent Merging"). In the dtype of the models, as mergekit computes it. */
export const ram: MergeMethod = {
  name: 'ram',
  title: 'Reinforced Agent Merging',
  paper: 'arXiv:2601.13572',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  elementwise: true,
  parameters: { epsilon: { per: 'weight', kind: 'number', least: 0, description: 'Differences from the base up to this size count as none.', default: 1e-5 } },
  merge({ base, models }, parameters) {
    const epsilon = parameters.number('epsilon');
    const merged = mapPieces(flat(base!, ...models), ([from, ...pieces]) => {
      const found = contributions(from!, pieces, epsilon);
      return ops.add(from!, ops.sum(ops.add(ops.mul(found.changes, found.alone), averaged(found)), 0));
    });
    return ops.reshape(merged, base!.shape);
  },
};
