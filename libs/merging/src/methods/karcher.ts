import { ops, scope, type DType, type Tensor } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, forEachPiece, mapPieces, scalar, squares, wideDtype } from '../pieces.js';

/**
 * The Riemannian (Karcher) mean of the models' directions on a sphere (arXiv 2603.04972), found by steps in the tangent space at the mean so far; the
 * length is the mean of theirs. All models count the same. In the dtype of the models, as mergekit computes it.
 */
export const karcher: MergeMethod = {
  name: 'karcher',
  title: 'Karcher mean',
  paper: 'arXiv:2603.04972',
  takes: { kind: 'models', base: 'member', least: 1, most: Infinity },
  parameters: {
    max_iter: { per: 'weight', kind: 'number', integer: true, least: 0, description: 'The most steps.', default: 10 },
    tol: { per: 'weight', kind: 'number', least: 0, description: 'Angles, lengths and steps below it count as zero.', default: 1e-5 },
  },
  merge({ models }, parameters) {
    if (models.length === 1) return models[0]!;
    const { dtype, shape } = models[0]!;
    const tolerance = parameters.number('tol');
    const vectors = flat(...models);
    const lengths = vectors.map(lengthOf);
    const valid = lengths.flatMap((length, index) => (length.item() > tolerance ? [index] : []));
    if (valid.length === 0) return ops.zerosLike(models[0]!);
    const each = 1 / models.length;
    const sphere: Sphere = { vectors, lengths, valid, share: each / valid.reduce((sum) => sum + each, 0), dtype, tolerance };

    const mean = mapPieces(vectors, (pieces) => valid.map((index) => ops.mulScalar(unit(sphere, pieces, index), sphere.share)).reduce((sum, term) => ops.add(sum, term)));
    scope(() => {
      if (lengthOf(mean).item() < tolerance) ops.copyInPlace(mean, mapPieces(vectors, (pieces) => unit(sphere, pieces, valid[0]!)));
      else toSphere(mean, lengthOf(mean));
    });
    for (let step = 0; step < parameters.number('max_iter'); step += 1) {
      if (!scope(() => moveMean(mean, sphere))) break;
    }
    const scale = lengths.map((length) => ops.mulScalar(length, each)).reduce((sum, term) => ops.add(sum, term));
    return ops.reshape(mapPieces([mean], ([piece]) => ops.mul(scale, piece!)), shape);
  },
};

interface Sphere {
  readonly vectors: readonly Tensor[];
  readonly lengths: readonly Tensor[];
  /** Which models are not zero. */
  readonly valid: readonly number[];
  /** How much each of them counts. */
  readonly share: number;
  readonly dtype: DType;
  readonly tolerance: number;
}

function unit({ lengths }: Sphere, pieces: readonly Tensor[], index: number): Tensor {
  return ops.div(pieces[index]!, lengths[index]!);
}

function lengthOf(vector: Tensor): Tensor {
  let sum = 0;
  const dtype = wideDtype(vector);
  forEachPiece([vector], ([piece]) => void (sum += squares(piece!, dtype)));
  return scalar(Math.sqrt(sum), dtype);
}

function toSphere(mean: Tensor, length: Tensor): void {
  forEachPiece([mean], ([piece]) => void ops.copyInPlace(piece!, ops.div(piece!, length)));
}

/** One step along the mean tangent; false where it is too short to matter. */
function moveMean(mean: Tensor, sphere: Sphere): boolean {
  const { vectors, valid, share, dtype, tolerance } = sphere;
  const inputs = [mean, ...vectors];
  const dots = valid.map((index) => {
    let sum = 0;
    forEachPiece(inputs, ([piece, ...pieces]) => void (sum += ops.dot(piece!, unit(sphere, pieces, index)).item()));
    return ops.clamp(scalar(sum, dtype), -1, 1);
  });
  const factors = dots.map((dot) => {
    const angle = ops.acos(dot);
    return angle.item() < tolerance ? null : ops.mulScalar(ops.div(angle, ops.sin(angle)), share);
  });
  const tangent = (piece: Tensor, pieces: readonly Tensor[]): Tensor =>
    valid.reduce((sum, index, at) => {
      const factor = factors[at];
      return factor ? ops.add(sum, ops.mul(factor, ops.sub(unit(sphere, pieces, index), ops.mul(dots[at]!, piece)))) : sum;
    }, ops.zerosLike(piece));
  let sum = 0;
  forEachPiece(inputs, ([piece, ...pieces]) => void (sum += squares(tangent(piece!, pieces), wideDtype(mean))));
  const length = scalar(Math.sqrt(sum), wideDtype(mean));
  if (length.item() < tolerance) return false;
  const [cosine, sine] = [ops.cos(length), ops.sin(length)];
  forEachPiece(inputs, ([piece, ...pieces]) => void ops.copyInPlace(piece!, ops.add(ops.mul(cosine, piece!), ops.mul(sine, ops.div(tangent(piece!, pieces), length)))));
  const after = lengthOf(mean);
  if (after.item() > tolerance) toSphere(mean, after);
  return true;
}
