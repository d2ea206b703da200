import { setImmediate as nextTurn } from 'node:timers/promises';
import { counterUniform } from '@tunesmith/datasets';
import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import { BranchCache, BranchMemory, packTokens, type KeyValueCache } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor, type WorkContext } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import { penalizeRepetition } from './repetition-penalty.js';
import { chooseTokens, type ChosenTokens, type Sampling } from './sampling.js';

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
  /** Makes what stands in a row already less likely; 1, for none, without it. Then log-probabilities are those that it left. */
  readonly repetitionPenalty?: number;
  /** The most tokens that prompt and answer may have together: what the model was made for. */
  readonly contextLength?: number;
  /** The most rows that are decoded side by side. */
  readonly batchRows?: number;
  /** Whether the tokens so far of a request end it, the last one included: asked after each token. */
  readonly endsWith?: (request: number, tokenIds: readonly number[]) => boolean;
}

export interface Generation {
  readonly tokenIds: readonly number[];
  /** Natural logarithms, one for each token. */
  readonly logProbs: readonly number[];
  /** Whether a stop token (or `endsWith`) ended it, or a limit. */
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
 * Continues prompts, many at a time: packed rows, a key-value cache, no padding. A row that has ended leaves the batch, and one that waits takes its place.
 *
 * Draws are a function of seed, request and place, never of what else is in the batch. Logits may still differ in the last bits
 * between batches of different sizes, which in bfloat16 can turn a near tie.
 *
 * `onFinished` hears of each request as soon as its answer has ended.
 *
 * @throws GenerationError `prompt-empty`, `prompt-too-long`, `token-unknown`, `logits-not-finite`; what `signal` was aborted with.
 */
export async function generate(
  model: CausalLanguageModel, requests: readonly GenerationRequest[], options: GenerationOptions, context: WorkContext, onFinished?: (index: number, generation: Generation) => void,
): Promise<Generation[]> {
  checkOptions(options);
  const { batchRows = 32 } = options;
  const rows = requests.map((request, index) => startRow(request, index, model, options));
  const results = new Map<number, Generation>();
  const finish = (row: RunningRow, how: Generation['finish']): void => {
    const generation = { tokenIds: row.tokenIds, logProbs: row.logProbs, finish: how };
    results.set(row.index, generation);
    onFinished?.(row.index, generation);
    context.onProgress({ phase: 'generate', done: results.size, total: requests.length, unit: 'rows' });
  };
  using beginning = sharedBeginning(model, rows);
  await decodeTogether(model, rows, { ...options, batchRows, ...(beginning && { beginning }) }, context.signal, finish);
  return requests.map((_, index) => results.get(index)!);
}

/** Prompt tokens that rows side by side may have together; a prompt that alone has more stands alone. */
const batchTokens = 16_384;

type Finish = (row: RunningRow, how: Generation['finish']) => void;
type DecodingOptions = GenerationOptions & { readonly batchRows: number; readonly beginning?: Beginning };

/** What all prompts begin with, computed once. */
interface Beginning extends Disposable {
  readonly length: number;
  readonly memory: BranchMemory;
}

/** Fewer tokens are computed anew as fast as copied. */
const leastShared = 64;

/** Undefined where prompts do not begin alike for long enough, or what they begin with depends on how long they become. */
function sharedBeginning(model: CausalLanguageModel, rows: readonly RunningRow[]): Beginning | undefined {
  const [first, ...others] = rows;
  if (!first || others.length === 0 || model.readsSource === true) return undefined;
  if (rows.some(({ prompt, limit }) => prompt.length + limit > (model.beginningsSameUpTo ?? Infinity))) return undefined;
  // Each prompt keeps a token of its own, whose logits decide the first one of its answer.
  let length = Math.min(...rows.map(({ prompt }) => prompt.length)) - 1;
  for (const { prompt } of others) {
    let same = 0;
    while (same < length && prompt[same] === first.prompt[same]) same += 1;
    length = same;
  }
  if (length < leastShared) return undefined;
  const memory = new BranchMemory();
  using cache = new BranchCache([[]], memory);
  scope(() => noGrad(() => void model.hidden(packTokens([first.prompt.slice(0, length)], { device: model.outputWeight.device }), cache)));
  return { length, memory, [Symbol.dispose]: () => memory[Symbol.dispose]() };
}

/** Decodes rows side by side. Where some have ended, others take their places, several at once: every pass over prompts reads all weights. */
async function decodeTogether(model: CausalLanguageModel, rows: readonly RunningRow[], options: DecodingOptions, signal: AbortSignal, finish: Finish): Promise<void> {
  let cache = model.newCache();
  let running: readonly RunningRow[] = [];
  let waiting = rows;
  try {
    while (running.length > 0 || waiting.length > 0) {
      // An abort arrives as an event: let it in before every step.
      await nextTurn();
      signal.throwIfAborted();
      const joining = thoseThatJoin(waiting, running, model, options);
      waiting = waiting.slice(joining.length);
      if (joining.length === 0) {
        running = step(model, cache, running, options, finish);
      } else if (running.length === 0) {
        cache[Symbol.dispose]();
        cache = model.newCache();
        running = step(model, cache, joining, options, finish);
      } else {
        using fresh = model.newCache();
        const staying = step(model, fresh, joining, options, finish);
        if (staying.length > 0) cache.join(fresh);
        running = [...running, ...staying];
      }
    }
  } finally {
    cache[Symbol.dispose]();
  }
}

function thoseThatJoin(waiting: readonly RunningRow[], running: readonly RunningRow[], model: CausalLanguageModel, { batchRows }: DecodingOptions): RunningRow[] {
  const free = batchRows - running.length;
  // What an encoder-decoder remembers of its sources belongs to one batch.
  if (running.length > 0 && (model.readsSource === true || free < batchRows / 4)) return [];
  let tokens = running.reduce((sum, row) => sum + tokensOf(row), 0);
  const joining: RunningRow[] = [];
  for (const row of waiting.slice(0, free)) {
    tokens += tokensOf(row);
    if (tokens > batchTokens && running.length + joining.length > 0) break;
    joining.push(row);
  }
  return joining;
}

function tokensOf({ prompt, source }: RunningRow): number {
  return prompt.length + (source?.length ?? 0);
}

/** One more token for each row, the first after its prompt; keeps those that go on, in the cache too, and returns them. */
function step(model: CausalLanguageModel, cache: KeyValueCache, rows: readonly RunningRow[], { temperature = 0, topP = 1, repetitionPenalty = 1, stopTokenIds, endsWith, beginning }: DecodingOptions, finish: Finish): RunningRow[] {
  const device = model.outputWeight.device;
  const uniforms = temperature === 0 ? [] : rows.map(({ seed, stream, tokenIds }) => counterUniform(seed, stream, tokenIds.length));
  const chosen: ChosenTokens = scope(() =>
    noGrad(() => {
      const first = cache.rows === 0;
      if (first && beginning) cache.beginAfter({ memory: beginning.memory, row: 0 }, rows.length);
      // The cache remembers what was made of the sources.
      const sources = first ? rows.flatMap(({ source }) => (source ? [source] : [])) : [];
      const packed = cache.nextBatch(rows.map(({ prompt, tokenIds }) => (first ? prompt.slice(beginning?.length ?? 0) : [tokenIds.at(-1)!])), device, sources.length > 0 ? sources : undefined);
      const hidden = model.hidden(packed, cache); // [tokens, hidden]
      const ends = packed.boundaries.slice(1).map((end) => end - 1);
      const last = hidden.shape[0] === ends.length ? hidden : ops.indexSelect(hidden, 0, tensor(ends, { dtype: 'int64', device })); // [rows, hidden]
      const seen = repetitionPenalty === 1 ? [] : rows.map(({ prompt, tokenIds }) => [...prompt, ...tokenIds]);
      return chooseTokens(penalizeRepetition(model.logits(last), seen, repetitionPenalty), { temperature, topP }, uniforms);
    }),
  );
  const staying = rows.flatMap((row, place) => (take(row, place) ? [place] : []));
  if (staying.length > 0 && staying.length < rows.length) cache.keepRows(staying);
  return staying.map((place) => rows[place]!);

  function take(row: RunningRow, place: number): boolean {
    const tokenId = chosen.tokenIds[place]!;
    if (stopTokenIds.includes(tokenId)) {
      finish(row, 'stop');
      return false;
    }
    row.tokenIds.push(tokenId);
    row.logProbs.push(chosen.logProbs[place]!);
    if (endsWith?.(row.index, row.tokenIds)) {
      finish(row, 'stop');
      return false;
    }
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

function checkOptions({ maxNewTokens, temperature = 0, topP = 1, repetitionPenalty = 1, batchRows = 32 }: GenerationOptions): void {
  const wrong = (name: string, expected: string, value: number): GenerationError =>
    new GenerationError({ message: `${name}: expected ${expected}; got ${value}.`, code: 'option-out-of-range', facts: { name, value } });
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) throw wrong('maxNewTokens', 'a whole number of at least 1', maxNewTokens);
  if (!Number.isInteger(batchRows) || batchRows < 1) throw wrong('batchRows', 'a whole number of at least 1', batchRows);
  if (!(temperature >= 0 && Number.isFinite(temperature))) throw wrong('temperature', 'a number of at least 0, where 0 takes the likeliest token', temperature);
  if (!(repetitionPenalty > 0 && Number.isFinite(repetitionPenalty))) throw wrong('repetitionPenalty', 'a number above 0, where 1 is none', repetitionPenalty);
  if (!(topP > 0 && topP <= 1)) throw wrong('topP', 'a number above 0 and at most 1', topP);
}
