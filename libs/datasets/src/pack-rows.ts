import { DatasetError } from './dataset-error.js';
import type { EncodedRow } from './encode-rows.js';

/** What stands at a target that is not trained on; the index that cross-entropy leaves out. */
export const ignoredTarget = -100;

/** Rows one behind the other, with no padding: plain arrays, ready to become the tensors of a `PackedTokens`. */
export interface PackedRows {
  readonly tokenIds: Int32Array; // [tokens]
  readonly positions: Int32Array; // [tokens], from 0 in every row
  /** Where rows begin and end: cumulative, one more than there are rows. */
  readonly boundaries: readonly number[];
  /** The token that follows, where an assistant says it; else -100. The last token of a row never has one. */
  readonly targets: Int32Array; // [tokens]
  /** Targets that are not -100. */
  readonly trainedTokens: number;
}

/** @throws DatasetError `nothing-to-train-on` where not one target is left. */
export function packRows(rows: readonly EncodedRow[]): PackedRows {
  const boundaries = [0];
  for (const row of rows) boundaries.push(boundaries.at(-1)! + row.tokenIds.length);
  const tokens = boundaries.at(-1)!;
  const tokenIds = new Int32Array(tokens);
  const positions = new Int32Array(tokens);
  const targets = new Int32Array(tokens).fill(ignoredTarget);
  let trainedTokens = 0;
  for (const [index, row] of rows.entries()) {
    const start = boundaries[index]!;
    const { length } = row.tokenIds;
    tokenIds.set(row.tokenIds, start);
    for (let place = 0; place < length; place += 1) {
      positions[start + place] = place;
      if (place + 1 < length && row.lossMask[place + 1]) {
        targets[start + place] = row.tokenIds[place + 1]!;
        trainedTokens += 1;
      }
    }
  }
  if (trainedTokens === 0) {
    throw new DatasetError({
      message: `Expected at least one assistant token to train on in ${rows.length} rows (${tokens} tokens); got none.`,
      code: 'nothing-to-train-on',
      facts: { rows: rows.length, tokens },
    });
  }
  return { tokenIds, positions, boundaries, targets, trainedTokens };
}
