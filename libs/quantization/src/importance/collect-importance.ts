import { encodeRows, readRows, type EncodedRow, type Row } from '@tunesmith/datasets';
import { loadModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { noGrad, scope, type WorkContext } from '@tunesmith/tensor';
import type { ConversationFormat, Tokenizer } from '@tunesmith/tokenizers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { QuantizationError } from '../quantization-error.js';
import type { ImportanceMatrix, InputStatistics } from './importance-matrix.js';
import { ObservedLinear, observedParts } from './observed-linear.js';

/** Enough that every column has been seen often, and little enough to be read in minutes. */
const tokenBudget = 16_384;
/** Below this the means are chance. */
const leastTokens = 64;
const longestRow = 1024;

/**
 * The first rows to train on of a dataset, as the model reads them: those that fit a budget of 16,384 tokens together. Throws QuantizationError
 * `calibration-too-small`, and what `encodeRows` throws.
 */
export async function calibrationRows(folder: string, tokenizer: Tokenizer, format: ConversationFormat, { contextLength, signal }: { contextLength: number; signal: AbortSignal }): Promise<EncodedRow[]> {
  const rows: Row[] = [];
  // No row is shorter than a token: more rows cannot be needed.
  for await (const row of readRows(folder, { split: 'train', signal })) if (rows.push(row) >= tokenBudget) break;
  const maxLength = Math.min(contextLength, longestRow);
  const encoded: EncodedRow[] = [];
  let tokens = 0;
  for (let start = 0; start < rows.length && tokens < tokenBudget; start += 64) {
    const fitting = (await encodeConversationsThatFit(rows.slice(start, start + 64), tokenizer, format, maxLength)).filter((row) => {
      if (tokens + tokensOf(row) > tokenBudget) return false;
      tokens += tokensOf(row);
      return true;
    });
    encoded.push(...fitting);
  }
  if (tokens >= leastTokens) return encoded;
  throw new QuantizationError({
    code: 'calibration-too-small',
    message: `the rows to calibrate on have ${tokens} tokens in ${encoded.length} rows that fit; expected at least ${leastTokens} tokens, better some thousands. Give a larger dataset, with rows of the split "train".`,
    facts: { folder, tokens, rows: encoded.length },
  });
}

async function encodeConversationsThatFit(rows: readonly Row[], tokenizer: Tokenizer, format: ConversationFormat, maxLength: number): Promise<EncodedRow[]> {
  const encoded = await encodeRows(rows, tokenizer, format, { maxLength: Number.MAX_SAFE_INTEGER });
  return encoded.filter(({ tokenIds, sourceTokenIds = [] }) => Math.max(tokenIds.length, sourceTokenIds.length) <= maxLength);
}

function tokensOf({ tokenIds, sourceTokenIds = [] }: EncodedRow): number {
  return tokenIds.length + sourceTokenIds.length;
}

/** Lets the model read the rows, in the type of its weights, and sums up what goes into each of its matrices. The output head is left out, as llama.cpp does. */
export async function collectImportance(modelFolder: string, rows: readonly EncodedRow[], { signal, onProgress }: WorkContext): Promise<ImportanceMatrix> {
  const { model, family, config } = await loadModel(modelFolder, { dtype: 'model', parts: observedParts });
  using _ = model;
  const total = rows.reduce((sum, row) => sum + tokensOf(row), 0);
  let done = 0;
  for (const row of rows) {
    const { tokenIds, sourceTokenIds } = row;
    await nextTurn();
    signal.throwIfAborted();
    scope(() => noGrad(() => void model.hidden(packTokens([tokenIds], sourceTokenIds && { sources: [sourceTokenIds] }))));
    done += tokensOf(row);
    onProgress({ phase: 'calibrating', done, total, unit: 'tokens' });
  }
  const observed = new Map<string, ObservedLinear>([...model.modules()].flatMap((module) => (module instanceof ObservedLinear ? [[`${module.path}.weight`, module] as const] : [])));
  const matrix = new Map<string, InputStatistics>();
  for (const { huggingFace, gguf, stack } of family.weights.tensors(config)) {
    const linear = observed.get(huggingFace);
    if (!linear) continue;
    const sums = linear.sums.toArray();
    const entry = matrix.get(gguf) ?? { sums: new Float32Array(sums.length * (stack?.count ?? 1)), counts: new Float32Array(stack?.count ?? 1) };
    entry.sums.set(sums, sums.length * (stack?.index ?? 0));
    entry.counts[stack?.index ?? 0] = linear.count;
    matrix.set(gguf, entry);
  }
  // What has read nothing says nothing: the head, which comes after all that was computed.
  for (const [name, { counts }] of matrix) if (counts.every((count) => count === 0)) matrix.delete(name);
  return matrix;
}
