import { setImmediate as nextTurn } from 'node:timers/promises';
import { counterUniform } from '@tunesmith/datasets';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import { noGrad, ops, scope, tensor, type WorkContext } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import { chooseTokens, type ChosenTokens, type Sampling } from './sampling.js';
import { tokenBatches } from './token-batches.js';

export interface GenerationRequest {
  /** The prompt; at least one token. Of an encoder-decoder: the start token, and how the answer is to begin. */
  readonly tokenIds: readonly number[];
  /** What an encoder-decoder's encoder reads. */
  readonly sourceTokenIds?: readonly number[];
  /** For this request alone. Without it, its place in the list tells its draws from the others'. */
  readonly seed?: number;
}

export interface GenerationOptions extends Partial<Sampling> {
  readonly maxNewTokens: number;
  /** A row ends at any of these; the stop token itself is not part of the result. */
  readonly stopTokenIds: readonly number[];
  readonly seed?: number;
  /** The most tokens that prompt and answer may have together: what the model was made for. */
  readonly contextLength?: number;
  /** The most rows that are decoded side by side. */
  readonly batchRows?: number;
}

export interface Generation {
  readonly tokenIds: readonly number[];
  /** Natural logarithms, one for each token. */
  readonly logProbs: readonly number[];
  /** Whether a stop token ended it, or a limit. */
  readonly finish: 'stop' | 'length';
}

interface RunningRow {
  readonly index: number;
  readonly prompt: readonly number[];
  readonly source?: readonly number[];
  readonly seed: number;
  readonly stream: number;
  readonly limit: number;
  readonly tokenIds: number[];
  readonly logProbs: number[];
}

/**
 * Continues prompts, many at a time: packed rows, a key-value cache, no padding. A row that has ended leaves the batch.
 *
 * Draws are a function of seed, request and place, never of what else is in the batch. Logits may still differ in the last bits
 * between batches of different sizes, which in bfloat16 can turn a near tie.
 *
 * @throws GenerationError `prompt-empty`, `prompt-too-long`, `token-unknown`, `logits-not-finite`; what `signal` was aborted with.
 */
export async function generate(model: CausalLanguageModel, requests: readonly GenerationRequest[], options: GenerationOptions, context: WorkContext): Promise<Generation[]> {
  checkOptions(options);
  const { batchRows = 32 } = options;
  const rows = requests.map((request, index) => startRow(request, index, model, options));
  const results = new Map<number, Generation>();
  const finish = (row: RunningRow, how: Generation['finish']): void => {
    results.set(row.index, { tokenIds: row.tokenIds, logProbs: row.logProbs, finish: how });
    context.onProgress({ phase: 'generate', done: results.size, total: requests.length, unit: 'rows' });
  };
  for (const batch of tokenBatches(rows, ({ prompt, source }) => prompt.length + (source?.length ?? 0), { tokens: batchTokens, items: batchRows })) {
    await decodeTogether(model, batch, options, context.signal, finish);
  }
  return requests.map((_, index) => results.get(index)!);
}

/** Prompt tokens that are read at once. */
const batchTokens = 16_384;

async function decodeTogether(model: CausalLanguageModel, rows: readonly RunningRow[], options: GenerationOptions, signal: AbortSignal, finish: (row: RunningRow, how: Generation['finish']) => void): Promise<void> {
  const { temperature = 0, topP = 1, stopTokenIds } = options;
  const device = model.outputWeight.device;
  using cache = model.newCache();
  let running = rows;
  let batch = running.map(({ prompt }) => prompt);
  while (running.length > 0) {
    // An abort arrives as an event: let it in before every step.
    await nextTurn();
    signal.throwIfAborted();
    const uniforms = temperature === 0 ? [] : running.map(({ seed, stream, tokenIds }) => counterUniform(seed, stream, tokenIds.length));
    const chosen: ChosenTokens = scope(() =>
      noGrad(() => {
        // The cache remembers what was made of the sources.
        const sources = cache.rows === 0 ? running.flatMap(({ source }) => (source ? [source] : [])) : [];
        const packed = cache.nextBatch(batch, device, sources.length > 0 ? sources : undefined);
        const hidden = model.hidden(packed, cache); // [tokens, hidden]
        const ends = packed.boundaries.slice(1).map((end) => end - 1);
        const last = hidden.shape[0] === ends.length ? hidden : ops.indexSelect(hidden, 0, tensor(ends, { dtype: 'int64', device })); // [rows, hidden]
        return chooseTokens(model.logits(last), { temperature, topP }, uniforms);
      }),
    );
    const staying = running.flatMap((row, place) => (take(row, chosen, place) ? [place] : []));
    if (staying.length > 0 && staying.length < running.length) cache.keepRows(staying);
    running = staying.map((place) => running[place]!);
    batch = running.map(({ tokenIds }) => [tokenIds.at(-1)!]);
  }

  function take(row: RunningRow, { tokenIds, logProbs }: ChosenTokens, place: number): boolean {
    const tokenId = tokenIds[place]!;
    if (stopTokenIds.includes(tokenId)) {
      finish(row, 'stop');
      return false;
    }
    row.tokenIds.push(tokenId);
    row.logProbs.push(logProbs[place]!);
    if (row.tokenIds.length < row.limit) return true;
    finish(row, 'length');
    return false;
  }
}

function startRow({ tokenIds, sourceTokenIds: source, seed }: GenerationRequest, index: number, model: CausalLanguageModel, options: GenerationOptions): RunningRow {
  const { maxNewTokens, contextLength = Infinity } = options;
  const { vocabularySize } = model;
  expectSource(model, { source });
  if (tokenIds.length === 0) throw new GenerationError({ message: `Request ${index}: expected a prompt of at least one token; got none.`, code: 'prompt-empty', facts: { request: index } });
  const unknown = [...tokenIds, ...(source ?? [])].find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (unknown !== undefined) {
    throw new GenerationError({
      message: `Request ${index}: expected token ids from 0 to ${vocabularySize - 1}; got ${unknown}. The tokenizer may belong to another model.`,
      code: 'token-unknown',
      facts: { request: index, tokenId: unknown, vocabularySize },
    });
  }
  if (tokenIds.length >= contextLength) {
    throw new GenerationError({
      message: `Request ${index}: the prompt has ${tokenIds.length} tokens, but the model reads at most ${contextLength} with the answer. Shorten it.`,
      code: 'prompt-too-long',
      facts: { request: index, tokens: tokenIds.length, contextLength },
    });
  }
  const limit = Math.min(maxNewTokens, contextLength - tokenIds.length);
  return { index, prompt: tokenIds, ...(source && { source }), seed: seed ?? options.seed ?? 1, stream: seed === undefined ? index : 0, limit, tokenIds: [], logProbs: [] };
}

function checkOptions({ maxNewTokens, temperature = 0, topP = 1, batchRows = 32 }: GenerationOptions): void {
  const wrong = (name: string, expected: string, value: number): GenerationError =>
    new GenerationError({ message: `${name}: expected ${expected}; got ${value}.`, code: 'option-out-of-range', facts: { name, value } });
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) throw wrong('maxNewTokens', 'a whole number of at least 1', maxNewTokens);
  if (!Number.isInteger(batchRows) || batchRows < 1) throw wrong('batchRows', 'a whole number of at least 1', batchRows);
  if (!(temperature >= 0 && Number.isFinite(temperature))) throw wrong('temperature', 'a number of at least 0, where 0 takes the likeliest token', temperature);
  if (!(topP > 0 && topP <= 1)) throw wrong('topP', 'a number above 0 and at most 1', topP);
}
