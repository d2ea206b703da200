import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { MergeError } from '../merge-error.js';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar, squares, sumDtype } from '../pieces.js';

/**
 * The weighted mean of many models on a sphere: their directions are carried to the tangent space at their mean direction, averaged there, and carried
 * back; the length is the weighted mean of theirs. As mergekit defines it (there is no paper), in the dtype of the models.
 */
export const multislerp: MergeMethod = {
  name: 'multislerp',
  title: 'Spherical mean',
  paper: null,
  takes: { kind: 'models', base: 'optional', least: 1, most: Infinity },
  parameters: {
    weight: { per: 'model', kind: 'number', description: 'How much of each model.', default: null, required: true },
    normalize_weights: { per: 'weight', kind: 'flag', description: 'Whether the weights are divided by their sum.', default: true },
    eps: { per: 'weight', kind: 'number', least: 0, description: 'What keeps divisions by the lengths of zero vectors finite.', default: 1e-8 },
  },
  merge({ name, base, models }, parameters) {
    if (models.length === 1) return models[0]!;
    const { dtype, shape } = models[0]!;
    const eps = parameters.number('eps');
    const given = tensor(parameters.numbers('weight'), { dtype });
    const weights = parameters.flag('normalize_weights') ? ops.div(given, ops.sumAll(given)) : given;
    const column = ops.reshape(weights, [-1, 1]);
    const inputs = flat(...models, ...(base ? [base] : []));
    /** [models, length]: the models, or their differences from the base. */
    const stacked = (pieces: readonly Tensor[]): Tensor => {
      const all = ops.stack(pieces.slice(0, models.length));
      return base ? ops.sub(all, pieces[models.length]!) : all;
    };
    const total = (measure: (pieces: readonly Tensor[]) => readonly number[]): number[] => {
      const found: number[] = [];
      forEachPiece(inputs, (pieces) => measure(pieces).forEach((value, index) => (found[index] = (found[index] ?? 0) + value)));
      return found;
    };

    const sums = sumDtype(models[0]!);
    const lengths = total((pieces) => ops.unbind(stacked(pieces)).map((each) => squares(each, sums)));
    const norms = ops.reshape(tensor(lengths.map(Math.sqrt), { dtype }), [-1, 1]);
    const units = (pieces: readonly Tensor[]): Tensor => ops.div(stacked(pieces), ops.addScalar(norms, eps));
    const rawMean = (unit: Tensor): Tensor => ops.sum(ops.mul(unit, column), [0]);
    const meanNorm = scalar(Math.sqrt(total((pieces) => [squares(rawMean(units(pieces)), sums)])[0]!), dtype);
    if (meanNorm.item() < eps) {
      if (models.length === 2) return ops.reshape(mapPieces(inputs, (pieces) => withBase(ops.sum(ops.mul(stacked(pieces), column), [0]), pieces[2])), shape);
      throw new MergeError('merge-undefined', `multislerp: expected directions of "${name}" whose weighted sum is not zero; theirs cancel. Change the weights.`, { tensor: name });
    }
    const mean = (unit: Tensor): Tensor => ops.div(rawMean(unit), meanNorm);
    const dots = ops.reshape(tensor(total((pieces) => {
      const unit = units(pieces);
      return ops.sum(ops.mul(unit, mean(unit)), [-1], false, sums).toArray();
    }), { dtype }), [-1, 1]);
    const tangent = (unit: Tensor, direction: Tensor): Tensor => ops.sum(ops.mul(ops.sub(unit, ops.mul(dots, direction)), column), [0]);
    const angle = ops.addScalar(scalar(Math.sqrt(total((pieces) => {
      const unit = units(pieces);
      return [squares(tangent(unit, mean(unit)), sums)];
    })[0]!), dtype), eps);
    const [cosine, sinc] = [ops.cos(angle), ops.div(ops.sin(angle), angle)];
    const length = ops.sumAll(ops.mul(ops.reshape(norms, [-1]), weights));
    const merged = mapPieces(inputs, (pieces) => {
      const unit = units(pieces);
      const direction = mean(unit);
      const on = ops.add(ops.mul(direction, cosine), ops.mul(tangent(unit, direction), sinc));
      return withBase(ops.mul(on, length), base ? pieces[models.length] : undefined);
    });
    return ops.reshape(merged, shape);
  },
};

function withBase(difference: Tensor, base: Tensor | undefined): Tensor {
  return base ? ops.add(difference, base) : difference;
}
