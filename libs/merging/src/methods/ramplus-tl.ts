import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { averaged, contributions } from '../contributions.js';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces } from '../pieces.js';

/**
 * RAM+, weight by weight: as RAM, and what one model alone changed is enlarged the more of the model's changes the others share, so that the mean of the shared ones
 * does not weaken it: by 1 + r · min(shared / alone, alpha). In float32 from the changes on, as mergekit computes it.
 */
export const ramplusTl: MergeMethod = {
  name: 'ramplus_tl',
  title: 'Reinforced Agent Merging Plus, weight by weight',
  paper: 'arXiv:2601.13572',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: {
    r: { per: 'weight', kind: 'number', description: 'How much what a model alone changed grows with what it shares.', default: 0.1 },
    alpha: { per: 'weight', kind: 'number', least: 0, description: 'The most that shared over unshared changes count as.', default: 0.2 },
    epsilon: { per: 'weight', kind: 'number', least: 0, description: 'Differences from the base up to this size count as none.', default: 1e-5 },
  },
  merge({ base, models, outDtype }, parameters) {
    const epsilon = parameters.number('epsilon');
    const inputs = flat(base!, ...models);
    const [shared, alone] = [models.map(() => 0), models.map(() => 0)];
    forEachPiece(inputs, ([from, ...pieces]) => {
      const found = contributions(from!, pieces, epsilon);
      countInto(shared, ops.mul(found.changes, found.together));
      countInto(alone, ops.mul(found.changes, found.alone));
    });
    const ratio = ops.div(tensor(shared), ops.clamp(tensor(alone), epsilon, null));
    const factors = ops.unsqueeze(ops.addScalar(ops.mulScalar(ops.clamp(ratio, 0, parameters.number('alpha')), parameters.number('r')), 1), 1); // [models, 1]
    const merged = mapPieces(inputs, ([from, ...pieces]) => {
      const found = contributions(from!, pieces, epsilon);
      return ops.add(from!, ops.sum(ops.add(ops.mul(ops.mul(found.changes, found.alone), factors), averaged(found)), 0));
    }, { dtype: outDtype });
    return ops.reshape(merged, base!.shape);
  },
};

/** @param changes [models, elements] */
function countInto(counts: number[], changes: Tensor): void {
  ops.unbind(changes).forEach((each, model) => (counts[model]! += ops.countNonzero(each).item()));
}
