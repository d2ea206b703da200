import { DatasetError } from './dataset-error.js';
import type { EncodedRow } from './encode-rows.js';

/** What stands at a target that is not trained on; the index that cross-entropy leaves out. */
export const ignoredTarget = -100;

/** Rows of tokens one behind the other, with no padding. */
export interface RowLayout {
  readonly tokenIds: Int32Array; // [tokens]
  readonly positions: Int32Array; // [tokens], from 0 in every row
  /** Where rows begin and end: cumulative, one more than there are rows. */
  readonly boundaries: readonly number[];
}

/** Rows to train on: plain arrays, ready to become the tensors of a `PackedTokens`. */
export interface PackedRows extends RowLayout {
  /** The token that follows, where an assistant says it; else -100. The last token of a row never has one. */
  readonly targets: Int32Array; // [tokens]
  /** What each target weighs in the loss, 0 where there is none; absent where every target weighs 1. */
  readonly targetWeights?: Float32Array; // [tokens]
  /** Targets that are not -100. */
  readonly trainedTokens: number;
  /** Of encoder-decoders: what the encoder reads, one row for each. */
  readonly source?: RowLayout;
}

/** @throws DatasetError `nothing-to-train-on` where not one target is left; `source-missing` where only some rows have a source. */
export function packRows(rows: readonly EncodedRow[]): PackedRows {
  const layout = layOut(rows.map(({ tokenIds }) => tokenIds));
  const tokens = layout.tokenIds.length;
  const targets = new Int32Array(tokens).fill(ignoredTarget);
  const targetWeights = rows.some(({ lossWeights }) => lossWeights) ? new Float32Array(tokens) : undefined;
  let trainedTokens = 0;
  for (const [index, row] of rows.entries()) {
    const start = layout.boundaries[index]!;
    for (let place = 0; place + 1 < row.tokenIds.length; place += 1) {
      if (!row.lossMask[place + 1]) continue;
      targets[start + place] = row.tokenIds[place + 1]!;
      if (targetWeights) targetWeights[start + place] = row.lossWeights?.[place + 1] ?? 1;
      trainedTokens += 1;
    }
  }
  if (trainedTokens === 0) {
    throw new DatasetError({
      message: `Expected at least one token to train on in ${rows.length} rows (${tokens} tokens); got none.`,
      code: 'nothing-to-train-on',
      facts: { rows: rows.length, tokens },
    });
  }
  const sources = rows.flatMap(({ sourceTokenIds }) => (sourceTokenIds ? [sourceTokenIds] : []));
  const trained = { ...layout, targets, ...(targetWeights && { targetWeights }), trainedTokens };
  if (sources.length === 0) return trained;
  if (sources.length < rows.length) {
    throw new DatasetError({
      message: `Expected all rows of a batch to have a source for the encoder, or none; got ${sources.length} of ${rows.length} with one.`,
      code: 'source-missing',
      facts: { rows: rows.length, sources: sources.length },
    });
  }
  return { ...trained, source: layOut(sources) };
}

function layOut(rows: readonly (readonly number[])[]): RowLayout {
  const boundaries = [0];
  for (const row of rows) boundaries.push(boundaries.at(-1)! + row.length);
  const tokenIds = new Int32Array(boundaries.at(-1)!);
  const positions = new Int32Array(tokenIds.length);
  for (const [index, row] of rows.entries()) {
    const start = boundaries[index]!;
    tokenIds.set(row, start);
    for (let place = 0; place < row.length; place += 1) positions[start + place] = place;
  }
  return { tokenIds, positions, boundaries };
}
