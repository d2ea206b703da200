import { arange, ops, scope, zeros, type Tensor } from '@tunesmith/tensor';
import type { MergeInput, MergeMethod } from '../merge-method.js';
import type { MergeParameters } from '../merge-parameters.js';
import { forEachPiece, mapPieces } from '../pieces.js';

/**
 * WIDEN (arXiv 2408.03092, section 3): weights are disentangled into the lengths and the directions of their columns (of embeddings: of their rows, a
 * vector for each token). How far each moved from the base is ranked within each model; the scores are the softmax of the ranks over the models, and
 * `score_calibration_value` where a rank is above `above_average_value_ratio` times the mean. Differences are added by the mean of both scores, which
 * need not sum to one. Vectors are scored by how far each number moved. In float32.
 */
export const widen: MergeMethod = {
  name: 'widen',
  title: 'WIDEN',
  paper: 'arXiv:2408.03092',
  takes: { kind: 'models', base: 'required', least: 1, most: Infinity },
  parameters: {
    above_average_value_ratio: { per: 'weight', kind: 'number', least: 0, description: 'From how many times the mean rank on a column counts as important.', default: 1 },
    score_calibration_value: { per: 'weight', kind: 'number', description: 'The score of what is important.', default: 1 },
  },
  merge(input, parameters) {
    return input.base!.shape.length < 2 ? mergeVectors(input, parameters) : mergeMatrices(input, parameters);
  },
};

const wide = (piece: Tensor): Tensor => ops.toDtype(piece, 'float32');

/** [models, columns] -> the same: softmax over the models, calibrated where a number is above its model's mean. */
function scores(significance: Tensor, parameters: MergeParameters): Tensor {
  const bound = ops.mulScalar(ops.mean(significance, 1, true), parameters.number('above_average_value_ratio'));
  return ops.maskedFill(ops.softmax(significance, 0), ops.gt(significance, bound), parameters.number('score_calibration_value'));
}

function mergeVectors({ base: given, models, outDtype }: MergeInput, parameters: MergeParameters): Tensor {
  const base = ops.reshape(wide(given!), [-1]);
  const differences = ops.stack(models.map((model) => ops.sub(ops.reshape(wide(model), [-1]), base)));
  const merged = ops.add(base, ops.sum(ops.mul(differences, scores(ops.abs(differences), parameters)), 0));
  return ops.toDtype(ops.reshape(merged, given!.shape), outDtype ?? given!.dtype);
}

function mergeMatrices({ base: given, models, role, transposed, outDtype }: MergeInput, parameters: MergeParameters): Tensor {
  const matrices = [given!, ...models].map((each) => ops.reshape(each, [each.shape[0]!, -1]));
  // What a vector runs along: the outputs of a matrix [out, in], the width of embeddings [tokens, width].
  const along = (role === 'embedding') !== transposed ? 1 : 0;
  const { lengths, cosines } = scope(() => columns(matrices, along));
  const moved = ops.abs(ops.sub(ops.narrow(lengths, 0, 1, models.length), ops.narrow(lengths, 0, 0, 1))); // [models, columns]
  const turned = ops.addScalar(ops.neg(cosines), 1);
  const weights = ops.mulScalar(ops.add(scores(ranks(moved), parameters), scores(ranks(turned), parameters)), 0.5);
  const shaped = ops.unsqueeze(weights, along === 0 ? 1 : 2); // [models, 1, columns] or [models, columns, 1]
  const merged = mapPieces(matrices, ([base, ...pieces], start, count) => {
    const own = along === 0 ? shaped : ops.narrow(shaped, 1, start, count);
    const from = wide(base!);
    const differences = ops.sub(ops.stack(pieces.map(wide)), from);
    return ops.add(from, ops.sum(ops.mul(differences, own), 0));
  }, { dtype: outDtype });
  return ops.reshape(merged, given!.shape);
}

/** The lengths of the columns of all [1 + models, columns], and the cosine between each model's and the base's [models, columns]; that of a zero column is 1. */
function columns(matrices: readonly Tensor[], along: 0 | 1): { lengths: Tensor; cosines: Tensor } {
  const [rows, width] = matrices[0]!.shape as [number, number];
  const count = along === 0 ? width : rows;
  const squares = zeros([matrices.length, count], { dtype: 'float32' });
  const dots = zeros([matrices.length - 1, count], { dtype: 'float32' });
  forEachPiece(matrices, (pieces, start, length) => {
    const all = ops.stack(pieces.map(wide));
    const products = ops.mul(ops.narrow(all, 0, 1, pieces.length - 1), ops.narrow(all, 0, 0, 1));
    const place = (sums: Tensor): Tensor => (along === 0 ? sums : ops.narrow(sums, 1, start, length));
    ops.addInPlace(place(squares), ops.sum(ops.square(all), along + 1));
    ops.addInPlace(place(dots), ops.sum(products, along + 1));
  });
  const lengths = ops.sqrt(squares);
  const product = ops.mul(ops.narrow(lengths, 0, 1, matrices.length - 1), ops.narrow(lengths, 0, 0, 1));
  const zero = ops.eqScalar(product, 0);
  return { lengths, cosines: ops.maskedFill(ops.div(dots, ops.maskedFill(product, zero, 1)), zero, 1) };
}

/** [models, columns] -> each number's place in its row, from 0 to below 1; equal ones in their order. */
function ranks(values: Tensor): Tensor {
  const count = values.shape[1]!;
  const order = ops.sortStable(values, true, 1, false)[1];
  const places = ops.expand(ops.divScalar(arange(0, count, { dtype: 'float32' }), count), values.shape);
  return ops.scatter(ops.zerosLike(values), 1, order, places);
}
