import { counterUniform } from './counter-random.js';

/**
 * The order of `length` rows in one epoch, by seed and epoch alone: `permutation(n, seed, epoch)[position]` is the same
 * whether one comes there from the start or goes on after an interruption. Rows are sorted by a random number of their own.
 */
export function permutation(length: number, seed: number, epoch: number): number[] {
  const numbers = Float64Array.from({ length }, (_, index) => counterUniform(seed, epoch, index));
  return Array.from({ length }, (_, index) => index).sort((left, right) => numbers[left]! - numbers[right]! || left - right);
}

export interface RowOrder {
  /** Rows in the dataset. */
  readonly rows: number;
  /** Rows in a batch; the last batch of an epoch may have fewer. */
  readonly batch: number;
  /** `shuffle` draws a new order for every epoch; `file` keeps that of the file. */
  readonly order: 'shuffle' | 'file';
  readonly seed: number;
}

export function batchesPerEpoch({ rows, batch }: RowOrder): number {
  return Math.ceil(rows / batch);
}

/** Which rows the optimizer step `step` (from 0, across epochs) takes. Nothing but the step's number has to be kept to resume. */
export function batchRows(step: number, order: RowOrder): number[] {
  const perEpoch = batchesPerEpoch(order);
  const epoch = Math.floor(step / perEpoch);
  const start = (step % perEpoch) * order.batch;
  const end = Math.min(start + order.batch, order.rows);
  if (order.order === 'file') return Array.from({ length: end - start }, (_, index) => start + index);
  return permutation(order.rows, order.seed, epoch).slice(start, end);
}
