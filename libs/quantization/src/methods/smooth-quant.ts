import { keep, ops, scope, type Tensor } from '@tunesmith/tensor';
import { applyFold, normFolds } from './fold-scales.js';
import { roundToNearest } from './round-to-nearest.js';
import type { RoundedMatrix } from './rounded-matrix.js';
import type { CalibratedMethod } from './rounding-method.js';

const leastScale = 1e-5;

/**
 * SmoothQuant (arXiv 2211.10438): inputs are to be rounded as well, and a few of their columns are far larger than the rest. Each column of what a norm makes is divided by
 * max|X|^alpha / max|W|^(1 − alpha), there, and the weights' column multiplied by it; then weights are rounded to nearest.
 */
export const smoothQuant: CalibratedMethod = {
  name: 'w8a8',
  calibrates: true,
  roundLayer(layer, { alpha }) {
    // What the layer makes is gone when it has computed; this is to stay.
    using held = new DisposableStack();
    const largest = new Map<string, Tensor>();
    layer.compute(({ path, weight }, input) => {
      largest.set(path, held.use(keep(scope(() => ops.toDtype(ops.amax(ops.abs(input), [0]), 'float32', true)))));
      return weight;
    });
    const weights = new Map(layer.linears.map(({ path, weight }) => [path, weight]));
    const changed = new Map<string, Float32Array>();
    for (const fold of normFolds(layer)) {
      const ofInputs = largest.get(fold.readers[0]!.path)!;
      const ofWeights = fold.readers.map(({ path }) => ops.amax(ops.abs(weights.get(path)!), [0])).reduce((a, b) => ops.maximum(a, b));
      const scales = ops.clamp(ops.div(ops.powScalar(ofInputs, alpha), ops.powScalar(ops.clamp(ofWeights, leastScale), 1 - alpha)), leastScale);
      // A column that never saw anything tells nothing.
      applyFold(fold, ops.where(ops.eqScalar(ofInputs, 0), ops.onesLike(scales), scales), weights, changed);
    }
    const matrices = new Map<string, RoundedMatrix>();
    for (const { path, grid } of layer.linears) if (grid !== null) matrices.set(path, roundToNearest.round(weights.get(path)!, grid, `${path}.weight`));
    return { matrices, changed };
  },
};
