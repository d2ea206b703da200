import { empty, ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { columnsInTurn, roundColumns } from './column-loop.js';
import { fitGrid, topLevel, type GridFit, type IntegerGrid } from './integer-grid.js';
import type { InverseFactor } from './inverse-factor.js';
import { roundedMatrix, type RoundedMatrix } from './rounded-matrix.js';
import { roundToNearest } from './round-to-nearest.js';
import type { CalibratedMethod, MethodSettings } from './rounding-method.js';
import { withFactors } from './with-factors.js';

/**
 * GPTQ (arXiv 2210.17323): columns are rounded one after another, and what each loses is made up for by those that follow, as the inputs' second moments say. One linear after another
 * (`true_sequential`), each on what the rounded ones before it give it; with the same layer `exact`, it also makes up for what the layers before have lost. A linear that no token reaches (an expert) is rounded to nearest.
 */
export const gptq: CalibratedMethod = {
  name: 'gptq',
  calibrates: true,
  roundLayer({ linears, compute, exact }, settings) {
    const matrices = new Map<string, RoundedMatrix>();
    withFactors(compute, { damping: settings.damping, byActivation: settings.actOrder !== 'none' }, (linear, grid, factor, input) => {
      const { path, weight } = linear;
      const { levels, fit, groupOf, values } = roundByFactor(exact?.wanted(linear, input, factor) ?? weight, factor, grid, settings.actOrder);
      matrices.set(path, roundedMatrix(`${path}.weight`, levels, fit, grid, groupOf));
      exact?.rounded(linear, input, values);
      return values;
    });
    for (const { path, weight, grid } of linears) {
      if (grid !== null && !matrices.has(path)) matrices.set(path, scope(() => roundToNearest.round(weight, grid, `${path}.weight`)));
    }
    return { matrices };
  },
};

/** The levels of one weight [out, in], their grid, and what they stand for. `groupOf` only where groups do not follow the columns. */
export function roundByFactor(weight: Tensor, { order, factor, dead }: InverseFactor, grid: IntegerGrid, actOrder: MethodSettings['actOrder']): { levels: Tensor; fit: GridFit; groupOf?: Int32Array; values: Tensor } {
  const [, columns = 0] = weight.shape;
  const { dtype } = weight;
  const size = grid.groupSize ?? columns;
  const { left, turns: back } = columnsInTurn(weight, { order, dead });
  const grids = new GroupGrids(weight, grid, actOrder);
  const groups = order.map((place, turn) => Math.floor((actOrder === 'static' ? place : turn) / size));
  const levels = roundColumns(left, factor, {
    has: (turn) => grids.has(groups[turn]!),
    fit: (turn) => grids.fit(groups[turn]!, () => ops.narrow(left, 0, turn, size)),
    round: ({ left: own, errors, levels: ownLevels, factor: within, first }, turns) =>
      ops.gptqColumnsInPlace(own, errors, ownLevels, within, grids.scales, grids.zeros, [...groups.subarray(...turns)], first, topLevel(grid)),
  });
  const groupOf = back.map((turn) => groups[turn]!);
  const inPlace = ops.toDtype(ops.indexSelect(levels, 0, tensor(back, { dtype: 'int64' })), dtype); // [in, out]
  const { scales, zeros } = grids;
  const ofColumn = tensor(groupOf, { dtype: 'int64' });
  const values = ops.mul(ops.sub(inPlace, ops.indexSelect(zeros, 0, ofColumn)), ops.indexSelect(scales, 0, ofColumn));
  return {
    levels: ops.contiguous(ops.t(inPlace)),
    fit: { scales: ops.contiguous(ops.t(scales)), zeros: ops.contiguous(ops.t(zeros)) },
    ...(actOrder === 'group' && grid.groupSize !== null && { groupOf }),
    values: ops.contiguous(ops.t(values)),
  };
}

/**
 * The grids of groups as columns come. With the groups of the file in another order (`static`), and where a row is one group, all are fitted to the weight as it was; else each when its
 * first column comes, to what its columns have become by then.
 */
class GroupGrids {
  /** [groups, out] each. */
  readonly scales: Tensor;
  readonly zeros: Tensor;
  readonly #fitted = new Set<number>();

  constructor(
    weight: Tensor,
    private readonly grid: IntegerGrid,
    actOrder: MethodSettings['actOrder'],
  ) {
    const [rows = 0, columns = 0] = weight.shape;
    const groups = columns / (grid.groupSize ?? columns);
    if (grid.groupSize !== null && actOrder !== 'static') {
      this.scales = empty([groups, rows], { dtype: weight.dtype });
      this.zeros = empty([groups, rows], { dtype: weight.dtype });
      return;
    }
    const { scales, zeros } = fitGrid(weight, grid);
    this.scales = ops.contiguous(ops.t(scales));
    this.zeros = ops.contiguous(ops.t(zeros));
    for (let group = 0; group < groups; group += 1) this.#fitted.add(group);
  }

  has(group: number): boolean {
    return this.#fitted.has(group);
  }

  /** Fits a group to its columns [size, out], unless it has been. */
  fit(group: number, columns: () => Tensor): void {
    if (this.has(group)) return;
    const { scales, zeros } = fitGrid(ops.contiguous(ops.t(columns())), { ...this.grid, groupSize: null });
    ops.copyInPlace(ops.select(this.scales, 0, group), ops.reshape(scales, [-1]));
    ops.copyInPlace(ops.select(this.zeros, 0, group), ops.reshape(zeros, [-1]));
    this.#fitted.add(group);
  }
}
