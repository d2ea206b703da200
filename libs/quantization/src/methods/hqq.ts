import { full, ops, scope, type Tensor } from '@tunesmith/tensor';
import { fitGrid, nearestLevels, storedScales, topLevel, valuesOf, type GridFit, type IntegerGrid } from './integer-grid.js';
import { roundedMatrix } from './rounded-matrix.js';
import type { PlainMethod } from './rounding-method.js';

const iterations = 20;
/** The norm that errors are measured by: below 1, so that few large ones are forgiven. */
const norm = 0.7;
const firstPenalty = 10;
const penaltyGrowth = 1.01;

/**
 * HQQ (half-quadratic quantization, Badri and Shaji 2023; hqq/core/optimize.py): no calibration. In turn, errors are shrunk towards the few large ones that the norm forgives, and the grid
 * is set to fit the rest best. The published solver moves a zero point of any size; the formats here store whole ones, so the zero is rounded and the scale, in closed form, takes up what
 * is left. Each group ends with the grid of all tried that has the least error, rounding to nearest among them.
 */
export const hqq: PlainMethod = {
  name: 'hqq',
  calibrates: false,
  round(weight, grid, tensorName) {
    const fit = refinedGrid(weight, grid);
    return roundedMatrix(tensorName, nearestLevels(weight, fit, grid), fit, grid);
  },
};

function refinedGrid(weight: Tensor, grid: IntegerGrid): GridFit {
  let tried = fitGrid(weight, grid);
  let best = tried;
  let leastErrors = errorsOf(weight, tried, grid);
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const next = scope(() => {
      const moved = movedGrid(weight, tried, grid, firstPenalty * penaltyGrowth ** iteration);
      const errors = errorsOf(weight, moved, grid);
      const better = ops.lt(errors, leastErrors);
      const chosen = { scales: ops.where(better, moved.scales, best.scales), zeros: ops.where(better, moved.zeros, best.zeros) };
      return { moved, chosen, errors: ops.minimum(errors, leastErrors) };
    });
    tried = next.moved;
    best = next.chosen;
    leastErrors = next.errors;
  }
  return best;
}

/** One turn of the solver. */
function movedGrid(weight: Tensor, { scales, zeros }: GridFit, grid: IntegerGrid, penalty: number): GridFit {
  const groups = [scales.shape[0]!, scales.shape[1]!, weight.size / scales.size] as const;
  const own = ops.reshape(weight, groups); // [rows, groups, size]
  const [scale, zero] = [ops.unsqueeze(scales, 2), ops.unsqueeze(zeros, 2)];
  const levels = ops.clamp(ops.add(ops.round(ops.div(own, scale)), zero), 0, topLevel(grid));
  const error = ops.sub(own, ops.mul(ops.sub(levels, zero), scale));
  const magnitude = ops.abs(error);
  const shrunk = ops.mul(ops.sign(error), ops.relu(ops.sub(magnitude, ops.divScalar(ops.powScalar(ops.clamp(magnitude, 1e-12), norm - 1), penalty))));
  const wanted = ops.sub(own, shrunk);
  const middle = full(zeros.shape, 2 ** (grid.bits - 1), { dtype: weight.dtype });
  const moved = grid.symmetric ? middle : ops.clamp(ops.round(ops.mean(ops.sub(levels, ops.div(wanted, scale)), [2])), grid.leastZero, topLevel(grid));
  const steps = ops.sub(levels, ops.unsqueeze(moved, 2));
  const squares = ops.sum(ops.square(steps), [2]);
  const fitted = ops.div(ops.sum(ops.mul(steps, wanted), [2]), ops.clamp(squares, 1e-12));
  // A scale that is not positive, as of a group of zeros, stays what it was.
  return { scales: ops.where(ops.gtScalar(fitted, 0), storedScales(fitted, grid), scales), zeros: moved };
}

/** [rows, groups] */
function errorsOf(weight: Tensor, fit: GridFit, grid: IntegerGrid): Tensor {
  return scope(() => {
    const lost = ops.abs(ops.sub(weight, valuesOf(nearestLevels(weight, fit, grid), fit, grid)));
    return ops.sum(ops.powScalar(ops.reshape(lost, [...fit.scales.shape, -1]), norm), [2]);
  });
}
