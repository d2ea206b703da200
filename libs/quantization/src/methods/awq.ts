import { keep, ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { applyFold, linearFolds, normFolds, type Fold } from './fold-scales.js';
import { fitGrid, nearestLevels, valuesOf, type IntegerGrid } from './integer-grid.js';
import { roundToNearest } from './round-to-nearest.js';
import type { RoundedMatrix } from './rounded-matrix.js';
import type { CalibratedMethod, LayerLinear } from './rounding-method.js';

/** Exponents from 0 in steps of 1 / 20, as published. */
const ratios = 20;
/** Rows of input that errors are measured on. */
const sampledTokens = 512;
/** Clipping from the largest magnitude down to half of it, in steps of 1 / 20. */
const clips = 10;

/** What a linear was given: the mean magnitude of each column, and some of the rows. */
interface Seen {
  readonly means: Tensor;
  readonly sample: Tensor;
}

/**
 * AWQ (arXiv 2306.00978; AutoAWQ 0.2.7): columns that see much are made larger before rounding, by factors that what comes before them is divided by. The factors are mean|X|^r / mean|W|^(1 − r),
 * r searched for the least error of what the linears compute; none at all is among the candidates. Then the largest magnitudes of each group are clipped where that lowers the error, but not of
 * queries and keys, whose products errors would multiply in.
 */
export const awq: CalibratedMethod = {
  name: 'awq',
  calibrates: true,
  roundLayer(layer) {
    // What the layer makes is gone when it has computed; this is to stay.
    using held = new DisposableStack();
    const seen = new Map<string, Seen>();
    let shared: { readonly input: Tensor; readonly seen: Seen } | undefined;
    layer.compute(({ path, weight }, input) => {
      if (shared?.input !== input) {
        const { means, sample } = look(input);
        shared = { input, seen: { means: held.use(keep(means)), sample: held.use(keep(sample)) } };
      }
      seen.set(path, shared.seen);
      return weight;
    });
    const weights = new Map(layer.linears.map(({ path, weight }) => [path, weight]));
    const changed = new Map<string, Float32Array>();
    const divided = new Map<string, Tensor>();
    for (const fold of [...normFolds(layer), ...linearFolds(layer)]) {
      const own = seen.get(fold.readers[0]!.path);
      if (!own) continue;
      const scales = scope(() => bestScales(fold, own, weights));
      applyFold(fold, scales, weights, changed);
      for (const { path } of fold.readers) divided.set(path, scales);
    }
    const matrices = new Map<string, RoundedMatrix>();
    for (const { path, role, grid } of layer.linears) {
      if (grid === null) continue;
      const own = seen.get(path);
      const clipped = own && !/^attn_(?:q|k|qkv)$/.test(role) ? scope(() => clippedWeight(weights.get(path)!, grid, divided.has(path) ? ops.div(own.sample, divided.get(path)!) : own.sample)) : weights.get(path)!;
      matrices.set(path, roundToNearest.round(clipped, grid, `${path}.weight`));
    }
    return { matrices, changed };
  },
};

function look(input: Tensor): Seen {
  return scope(() => {
    const [tokens = 0] = input.shape;
    const step = Math.max(1, Math.floor(tokens / sampledTokens));
    const places = Array.from({ length: Math.min(tokens, sampledTokens) }, (_, index) => index * step);
    return { means: ops.toDtype(ops.mean(ops.abs(input), [0], false, 'float32'), 'float32'), sample: ops.toDtype(ops.indexSelect(input, 0, tensor(places, { dtype: 'int64' })), 'float32') };
  });
}

/** The factors [columns] with the least error; ones where none helps. */
function bestScales({ readers }: Fold, { means, sample }: Seen, weights: ReadonlyMap<string, Tensor>): Tensor {
  const ofWeights = meanShares(readers, weights);
  let best = ops.onesLike(means);
  let leastError = lossWith(best);
  for (let index = 0; index < ratios; index += 1) {
    const scales = scope(() => {
      const ratio = index / ratios;
      const plain = ops.clamp(ops.div(ops.powScalar(means, ratio), ops.addScalar(ops.powScalar(ofWeights, 1 - ratio), 1e-4)), 1e-4);
      return ops.div(plain, ops.sqrt(ops.mul(ops.amax(plain), ops.amin(plain))));
    });
    const error = lossWith(scales);
    if (error < leastError) [best, leastError] = [scales, error];
  }
  return best;

  function lossWith(scales: Tensor): number {
    return scope(() => {
      const factors = ops.unsqueeze(scales, 0);
      const losses = readers.map(({ path, grid }) => {
        const own = weights.get(path)!;
        const scaled = ops.mul(own, factors);
        const fit = fitGrid(scaled, grid!);
        const difference = ops.sub(ops.div(valuesOf(nearestLevels(scaled, fit, grid!), fit, grid!), factors), own);
        return ops.sumAll(ops.square(ops.matmul(sample, ops.t(difference)))).item();
      });
      const sum = losses.reduce((total, loss) => total + loss, 0);
      return Number.isFinite(sum) ? sum : Infinity;
    });
  }
}

/** For each column the mean, over all rows of all readers, of its share of the largest magnitude of its group. */
function meanShares(readers: readonly LayerLinear[], weights: ReadonlyMap<string, Tensor>): Tensor {
  const shares = readers.map(({ path, grid }) => {
    const own = ops.abs(weights.get(path)!);
    const [rows = 0, columns = 0] = own.shape;
    const groups = ops.reshape(own, [rows, columns / (grid!.groupSize ?? columns), grid!.groupSize ?? columns]);
    return ops.reshape(ops.div(groups, ops.addScalar(ops.amax(groups, [2], true), 1e-6)), [rows, columns]);
  });
  return ops.mean(ops.cat(shares, 0), [0]);
}

/** The weight with the largest magnitudes of each group clipped to where the group computes `inputs` [tokens, columns] best. */
function clippedWeight(weight: Tensor, grid: IntegerGrid, inputs: Tensor): Tensor {
  const [rows = 0, columns = 0] = weight.shape;
  const size = grid.groupSize ?? columns;
  const count = columns / size;
  const grouped = ops.permute(ops.reshape(inputs, [inputs.shape[0]!, count, size]), [1, 0, 2]); // [groups, tokens, size]
  const moments = ops.bmm(ops.transpose(grouped, 1, 2), grouped); // [groups, size, size]
  const largest = ops.amax(ops.abs(ops.reshape(weight, [rows, count, size])), [2], true); // [rows, groups, 1]
  const clippedTo = (limits: Tensor) => ops.reshape(ops.clampTensor(ops.reshape(weight, [rows, count, size]), ops.neg(limits), limits), [rows, columns]);
  let [best, leastErrors] = [largest, errors(weight)];
  for (let index = 1; index < clips; index += 1) {
    const next = scope(() => {
      const limits = ops.mulScalar(largest, 1 - index / 20);
      const found = errors(clippedTo(limits));
      return { limits: ops.where(ops.unsqueeze(ops.lt(found, leastErrors), 2), limits, best), least: ops.minimum(found, leastErrors) };
    });
    [best, leastErrors] = [next.limits, next.least];
  }
  return clippedTo(best);

  /** Σ over tokens of the squared error of each group's share of the output: [rows, groups]. */
  function errors(clipped: Tensor): Tensor {
    return scope(() => {
      const fit = fitGrid(clipped, grid);
      const difference = ops.reshape(ops.sub(valuesOf(nearestLevels(clipped, fit, grid), fit, grid), weight), [rows, count, size]);
      const byGroup = ops.permute(difference, [1, 0, 2]); // [groups, rows, size]
      return ops.t(ops.sum(ops.mul(ops.bmm(byGroup, moments), byGroup), [2]));
    });
  }
}
