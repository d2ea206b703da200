import { empty, ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import type { InverseFactor } from './inverse-factor.js';

/** Columns whose errors are collected before the columns after them hear of them. */
const blockColumns = 128;

/** A block of columns on its way, all [columns, out] but the square of the factor that belongs to it. */
export interface ColumnBlock {
  readonly left: Tensor;
  readonly errors: Tensor;
  readonly levels: Tensor;
  readonly factor: Tensor;
  /** The place in the block of the first column to be rounded. */
  readonly first: number;
}

/** What columns are rounded to. A turn: when a column comes. */
export interface ColumnGrids {
  /** Whether the grid of this column is there. */
  has(turn: number): boolean;
  /** Fits it to what its columns have become by now. */
  fit(turn: number): void;
  /** Rounds the columns of some turns, and takes what they lost from those behind them in the block. */
  round(block: ColumnBlock, turns: readonly [begin: number, end: number]): void;
}

/** The columns of a weight [out, in] in the order of work, turned round so that each is a row in memory [in, out], those that no input reaches as zeros; and the turn of each column. */
export function columnsInTurn(weight: Tensor, { order, dead }: Pick<InverseFactor, 'order' | 'dead'>): { left: Tensor; turns: Int32Array } {
  const left = ops.contiguous(ops.indexSelect(ops.t(weight), 0, tensor(order, { dtype: 'int64' })));
  ops.mulInPlace(left, ops.unsqueeze(ops.addScalar(ops.neg(dead), 1), 1));
  return { left, turns: turnsOf(order) };
}

/** When each column comes, of which column comes when. */
export function turnsOf(order: Int32Array): Int32Array {
  const turns = new Int32Array(order.length);
  order.forEach((place, turn) => void (turns[place] = turn));
  return turns;
}

/** Rounds the columns of `left` [in, out], in the order of work, one after another (GPTQ, arXiv 2210.17323, algorithm 1): what each loses is made up for by those that follow. Their levels. */
export function roundColumns(left: Tensor, factor: Tensor, grids: ColumnGrids): Tensor {
  const [columns = 0, rows = 0] = left.shape;
  const levels = empty([columns, rows], { dtype: 'uint8' });
  for (let start = 0; start < columns; start += blockColumns) {
    const count = Math.min(blockColumns, columns - start);
    scope(() => {
      const own = (of: Tensor) => ops.narrow(of, 0, start, count);
      const block = { left: own(left), errors: empty([count, rows], { dtype: left.dtype }), levels: own(levels), factor: ops.narrow(own(factor), 1, start, count) };
      // A grid that is fitted to what its columns have become has to wait for those before it: up to the next such one the kernel works alone.
      for (let [first, end] = [0, 0]; first < count; first = end) {
        if (!grids.has(start + first)) grids.fit(start + first);
        for (end = first + 1; end < count && grids.has(start + end); end += 1);
        grids.round({ ...block, first }, [start + first, start + end]);
      }
      const after = columns - start - count;
      if (after === 0) return;
      const weights = ops.narrow(own(factor), 1, start + count, after); // [block, after]
      ops.addmmInPlace(ops.narrow(left, 0, start + count, after), ops.t(weights), block.errors, 1, -1);
    });
  }
  return levels;
}
