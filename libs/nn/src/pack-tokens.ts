import { tensor, TunesmithError } from '@tunesmith/tensor';
import type { PackedTokens } from './packed-tokens.js';

/**
 * Token rows as one batch. `starts`: what each row's cache already holds (0 without a cache). Tensors belong to the caller's scope.
 * Throws for an empty batch or an empty row, which nothing can be computed from.
 */
export function packTokens(rows: readonly (readonly number[])[], { starts, device = 'cpu' }: { starts?: readonly number[]; device?: string } = {}): PackedTokens {
  if (rows.length === 0) throw new TunesmithError({ message: 'packTokens: expected at least one row, got none.', code: 'batch-empty' });
  const boundaries = [0];
  const positions: number[] = [];
  rows.forEach((row, index) => {
    if (row.length === 0) throw new TunesmithError({ message: `packTokens: row ${index} has no tokens; leave it out.`, code: 'row-empty', facts: { row: index } });
    boundaries.push((boundaries.at(-1) ?? 0) + row.length);
    const start = starts?.[index] ?? 0;
    for (let place = 0; place < row.length; place += 1) positions.push(start + place);
  });
  return {
    tokenIds: tensor(rows.flat(), { dtype: 'int64', device }),
    positions: tensor(positions, { dtype: 'int64', device }),
    boundaries,
  };
}

/** How many tokens each row of a batch has. */
export function rowLengths(boundaries: readonly number[]): number[] {
  return boundaries.slice(1).map((end, row) => end - (boundaries[row] ?? 0));
}
