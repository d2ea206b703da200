import { ops, RandomGenerator, randint, type Tensor } from '@tunesmith/tensor';
import type { MergeMethod } from '../merge-method.js';
import { flat, mapPieces } from '../pieces.js';

/** Above it the quantiles are those of as many elements drawn by chance. */
const sampleSize = 1_000_000;
const epsilon = 1e-8;

/**
 * Takes over only the differences that matter: importance is |difference| times the divergence of the row's softmax from the base's, and what lies above
 * median + 1.5 times the interquartile range is added. As mergekit defines it (there is no paper), in the dtype of the models, but for the sum, which is formed in float32 at least.
 */
export const arceeFusion: MergeMethod = {
  name: 'arcee_fusion',
  title: 'Arcee Fusion',
  paper: null,
  takes: { kind: 'models', base: 'required', least: 1, most: 1 },
  parameters: {},
  merge({ base: given, models, seed, outDtype }) {
    const { shape } = given!;
    const rows = (tensor: Tensor): Tensor => ops.reshape(tensor, [-1, shape.at(-1) ?? 1]);
    const [base, model] = [rows(given!), rows(models[0]!)];
    const divergence = mapPieces([ops.narrow(base, 1, 0, 1), base, model], ([, from, to]) => {
      const p = ops.addScalar(ops.softmax(to!, -1), epsilon);
      const q = ops.addScalar(ops.softmax(from!, -1), epsilon);
      return ops.sum(ops.mul(p, ops.log(ops.div(p, q))), -1, true);
    });
    const threshold = outlierBound(sampled(base, model, divergence, seed));
    const merged = mapPieces([base, model, divergence], ([from, to, row]) => {
      const difference = ops.sub(to!, from!);
      const important = ops.ge(ops.mul(ops.abs(difference), row!), threshold);
      return ops.add(from!, ops.mul(difference, ops.toDtype(important, 'float32')));
    }, { dtype: outDtype });
    return ops.reshape(merged, shape);
  },
};

/** The importance of every element, or of a sample with repetitions. */
function sampled(base: Tensor, model: Tensor, divergence: Tensor, seed: number): Tensor {
  if (base.size <= sampleSize) return ops.reshape(ops.mul(ops.abs(ops.sub(model, base)), divergence), [-1]);
  const places = randint(0, base.size, [sampleSize], { generator: new RandomGenerator(seed) });
  const [from, to] = flat(base, model).map((tensor) => ops.indexSelect(tensor, 0, places)) as [Tensor, Tensor];
  const row = ops.indexSelect(ops.reshape(divergence, [-1]), 0, ops.divScalarRounded(places, base.shape[1]!, 'floor'));
  return ops.mul(ops.abs(ops.sub(to, from)), row);
}

function outlierBound(importance: Tensor): Tensor {
  const sorted = ops.sort(importance)[0];
  const [first, median, third] = [0.25, 0.5, 0.75].map((share) => ops.select(sorted, 0, Math.trunc(Math.fround(share * (importance.size - 1))))) as [Tensor, Tensor, Tensor];
  return ops.add(median, ops.mulScalar(ops.sub(third, first), 1.5));
}
