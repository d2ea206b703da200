import { defaultDevice, tensor, TunesmithError } from '@tunesmith/tensor';
import type { PackedTokens } from './packed-tokens.js';

export interface PackTokensOptions {
  /** What each row's cache already holds; 0 without a cache. */
  readonly starts?: readonly number[];
  /** What an encoder-decoder's encoder reads, one for each row. */
  readonly sources?: readonly (readonly number[])[];
  readonly device?: string;
}

/**
 * Token rows as one batch. Tensors belong to the caller's scope. Throws for an empty batch or an empty row, which nothing can be
 * computed from, and for sources that are not as many as rows.
 */
export function packTokens(rows: readonly (readonly number[])[], { starts, sources, device = defaultDevice() }: PackTokensOptions = {}): PackedTokens {
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
    ...(sources && { source: packSources(sources, rows.length, device) }),
  };
}

function packSources(sources: readonly (readonly number[])[], rows: number, device: string): PackedTokens {
  if (sources.length !== rows) throw new TunesmithError({ message: `packTokens: expected one source for each of ${rows} rows, got ${sources.length}.`, code: 'batch-sources', facts: { rows, sources: sources.length } });
  return packTokens(sources, { device });
}

/** How many tokens each row of a batch has. */
export function rowLengths(boundaries: readonly number[]): number[] {
  return boundaries.slice(1).map((end, row) => end - (boundaries[row] ?? 0));
}
