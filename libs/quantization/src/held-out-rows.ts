import { encodeRows, readRows, type EncodedRow, type Row } from '@tunesmith/datasets';
import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import { QuantizationError } from './quantization-error.js';

/** Enough for a perplexity that tells formats apart, and little enough to be scored in seconds by each runtime. */
const tokenBudget = 3000;

export interface HeldOutOptions {
  readonly tag?: string | undefined;
  /** In tokens: what the model reads at most. */
  readonly contextLength: number;
  readonly signal: AbortSignal;
}

/**
 * The first held-out rows of a dataset, as tokens: those that fit a budget of 3,000 tokens together. Every format is scored on the same ones.
 * Throws QuantizationError `no-held-out-rows`, and what `encodeRows` throws.
 */
export async function heldOutRows(folder: string, tokenizer: Tokenizer, format: ConversationFormat, { tag, contextLength, signal }: HeldOutOptions): Promise<EncodedRow[]> {
  const rows: Row[] = [];
  for await (const row of readRows(folder, { split: 'validation', signal, ...(tag !== undefined && { tag }) })) rows.push(row);
  if (rows.length === 0) {
    throw new QuantizationError({
      code: 'no-held-out-rows',
      message: `the dataset has no validation rows${tag === undefined ? '' : ` with the tag ${tag}`}, so there is nothing to compute a perplexity on. Mark rows with "split": "validation", or leave the dataset out.`,
      facts: { folder, tag },
    });
  }
  const encoded = await encodeRows(rows, tokenizer, format, { maxLength: contextLength });
  let left = tokenBudget;
  const fitting = encoded.filter(({ tokenIds, sourceTokenIds = [] }) => {
    const tokens = tokenIds.length + sourceTokenIds.length;
    if (tokens > left) return false;
    left -= tokens;
    return true;
  });
  return fitting.length > 0 ? fitting : encoded.slice(0, 1);
}
