import { DatasetError } from './dataset-error.js';
import type { EncodedRow } from './encode-rows.js';

/** What becomes of rows longer than maxLength: an error; only their beginning is kept; they become several rows; they are left out. */
export type LongRows = 'refuse' | 'truncate' | 'split' | 'drop';

/** What became of them. */
export interface LongRowCounts {
  readonly truncated: number;
  /** Rows that were cut into several. */
  readonly split: number;
  readonly dropped: number;
}

export interface FitOptions {
  /** In tokens; of encoder-decoders the source and the target each. */
  readonly maxLength: number;
  /** Absent: `refuse`. */
  readonly longRows?: LongRows;
}

/** Makes rows fit, one example at a time, and counts. What belongs together (both answers of a preference) is given together. */
export class RowFitter {
  readonly #tooLong: { row: number; tokens: number }[] = [];
  #truncated = 0;
  #split = 0;
  #dropped = 0;

  constructor(private readonly options: FitOptions) {}

  /**
   * The examples that these rows become: as they are, cut, several, or none. Pieces with nothing to train on are left out; a row that is cut
   * before its first trained token counts as dropped.
   *
   * @throws DatasetError `cannot-split` for rows that only make sense as a whole.
   */
  fit(rows: readonly EncodedRow[]): (readonly EncodedRow[])[] {
    const { maxLength, longRows = 'refuse' } = this.options;
    const longest = Math.max(...rows.map(({ tokenIds, sourceTokenIds }) => Math.max(tokenIds.length, sourceTokenIds?.length ?? 0)));
    if (longest <= maxLength) return [rows];
    const { index } = rows[0]!;
    if (longRows === 'refuse') this.#tooLong.push({ row: index + 1, tokens: longest });
    if (longRows === 'drop') this.#dropped += 1;
    if (longRows === 'refuse' || longRows === 'drop') return [];
    const examples = longRows === 'truncate' ? [rows.map((row) => truncate(row, maxLength))] : this.#cut(rows).map((row) => [row]);
    const taught = examples.filter((example) => example.every(hasTarget));
    if (taught.length === 0) this.#dropped += 1;
    else if (longRows === 'truncate') this.#truncated += 1;
    else this.#split += 1;
    return taught;
  }

  /** Throws DatasetError `row-too-long`, naming the rows and their lengths, where long rows are refused. */
  finish(): LongRowCounts {
    const { maxLength } = this.options;
    const tooLong = this.#tooLong;
    if (tooLong.length > 0) {
      const listed = tooLong.slice(0, 10).map(({ row, tokens }) => `row ${row} (${tokens} tokens)`);
      throw new DatasetError({
        message: `Expected rows of at most ${maxLength} tokens; got ${listed.join(', ')}${tooLong.length > 10 ? ` and ${tooLong.length - 10} more` : ''}. Raise maxLength to ${tooLong.reduce((most, { tokens }) => Math.max(most, tokens), 0)}, shorten the rows, or say with longRows what becomes of them.`,
        code: 'row-too-long',
        facts: { maxLength, rows: tooLong },
      });
    }
    return { truncated: this.#truncated, split: this.#split, dropped: this.#dropped };
  }

  #cut(rows: readonly EncodedRow[]): EncodedRow[] {
    const { maxLength } = this.options;
    const [row] = rows as [EncodedRow];
    if (rows.length > 1 || row.sourceTokenIds) {
      throw new DatasetError({
        message: `Row ${row.index + 1} is longer than ${maxLength} tokens and cannot be split: ${rows.length > 1 ? 'both answers of a preference' : 'the source and the target of an encoder-decoder'} belong together. Use longRows truncate or drop, or raise maxLength.`,
        code: 'cannot-split',
        facts: { row: row.index + 1, maxLength },
      });
    }
    const starts = Array.from({ length: Math.ceil(row.tokenIds.length / maxLength) }, (_, piece) => piece * maxLength);
    return starts.map((start) => slice(row, start, start + maxLength));
  }
}

function truncate({ sourceTokenIds, ...row }: EncodedRow, maxLength: number): EncodedRow {
  const cut = slice(row, 0, maxLength);
  if (!sourceTokenIds || sourceTokenIds.length <= maxLength) return { ...cut, ...(sourceTokenIds && { sourceTokenIds }) };
  // The encoder knows the end of its text by the end token.
  return { ...cut, sourceTokenIds: [...sourceTokenIds.slice(0, maxLength - 1), sourceTokenIds.at(-1)!] };
}

function slice(row: EncodedRow, start: number, end: number): EncodedRow {
  const { tokenIds, lossMask, lossWeights } = row;
  return { ...row, tokenIds: tokenIds.slice(start, end), lossMask: lossMask.slice(start, end), ...(lossWeights && { lossWeights: lossWeights.slice(start, end) }) };
}

/** The first token of a row is never a target. */
function hasTarget({ lossMask }: EncodedRow): boolean {
  return lossMask.includes(true, 1);
}
