import { setImmediate as nextTurn } from 'node:timers/promises';
import { counterUniform } from '@tunesmith/datasets';
import type { CausalLanguageModel } from '@tunesmith/models';
import { BranchCache, BranchMemory, packTokens, type KeyValueCache } from '@tunesmith/nn';
import { noGrad, ops, scope, tensor } from '@tunesmith/tensor';
import { penalizeRepetition } from './repetition-penalty.js';
import { chooseTokensOfRows, likeliestTokens, type LikelyToken, type Sampling } from './sampling.js';

/** A prompt and what follows it so far. Each row has its own settings, whatever stands beside it. */
export interface DecodedRow {
  /** At least one token. */
  readonly prompt: readonly number[];
  /** What an encoder-decoder's encoder reads. */
  readonly source?: readonly number[];
  readonly sampling: Sampling;
  /** With the place, they decide each draw. */
  readonly seed: number;
  readonly stream: number;
  /** The most tokens. */
  readonly limit: number;
  readonly stopTokenIds: readonly number[];
  /** How many of the likeliest tokens of each place are told to `onToken`. */
  readonly topTokens: number;
  readonly tokenIds: number[];
  /** Natural logarithms, one for each token. */
  readonly logProbs: number[];
  /** A row whose signal is aborted leaves without a word. */
  readonly signal?: AbortSignal;
  /** Hears each token once it stands in the row; true ends the row with it. */
  onToken(token: LikelyToken, top: readonly LikelyToken[]): boolean;
  /** By a stop token or `onToken`, or by the limit. */
  onFinish(how: 'stop' | 'length'): void;
}

export interface DecodeRowsOptions {
  /** The most rows side by side. */
  readonly batchRows: number;
  /** Makes what stands in a row already less likely; 1 for none. */
  readonly repetitionPenalty: number;
  /** What all prompts begin with, computed before. */
  readonly beginning?: Beginning | undefined;
}

/** What all prompts begin with, computed once. */
export interface Beginning extends Disposable {
  readonly length: number;
  readonly memory: BranchMemory;
}

/** Prompt tokens that rows side by side may have together; a prompt that alone has more stands alone. */
const batchTokens = 16_384;

/**
 * Decodes rows side by side until none is left: packed rows, a key-value cache, no padding. Rows are taken from the front of `waiting`, to which more may be
 * added meanwhile. Where some have ended, others take their places, several at once: every pass over prompts reads all weights.
 */
export async function decodeRows(model: CausalLanguageModel, waiting: DecodedRow[], options: DecodeRowsOptions, signal: AbortSignal): Promise<void> {
  let cache = model.newCache();
  let running: readonly DecodedRow[] = [];
  try {
    while (running.length > 0 || waiting.length > 0) {
      // An abort arrives as an event: let it in before every step.
      await nextTurn();
      signal.throwIfAborted();
      running = withoutAborted(running, cache);
      const joining = thoseThatJoin(waiting, running, model, options);
      if (joining.length === 0) {
        if (running.length > 0) running = step(model, cache, running, options);
      } else if (running.length === 0) {
        cache[Symbol.dispose]();
        cache = model.newCache();
        running = step(model, cache, joining, options);
      } else {
        using fresh = model.newCache();
        const staying = step(model, fresh, joining, options);
        if (staying.length > 0) cache.join(fresh);
        running = [...running, ...staying];
      }
    }
  } finally {
    cache[Symbol.dispose]();
  }
}

/** Fewer tokens are computed anew as fast as copied. */
const leastShared = 64;

/** Undefined where prompts do not begin alike for long enough, or what they begin with depends on how long they become. */
export function sharedBeginning(model: CausalLanguageModel, rows: readonly DecodedRow[]): Beginning | undefined {
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

function withoutAborted(rows: readonly DecodedRow[], cache: KeyValueCache): readonly DecodedRow[] {
  const places = [...rows.keys()].filter((place) => rows[place]!.signal?.aborted !== true);
  if (places.length === rows.length) return rows;
  if (places.length > 0) cache.keepRows(places);
  return places.map((place) => rows[place]!);
}

/** Takes rows that may join out of `waiting`. */
function thoseThatJoin(waiting: DecodedRow[], running: readonly DecodedRow[], model: CausalLanguageModel, { batchRows }: DecodeRowsOptions): DecodedRow[] {
  const free = batchRows - running.length;
  // What an encoder-decoder remembers of its sources belongs to one batch.
  if (running.length > 0 && (model.readsSource === true || free < batchRows / 4)) return [];
  let tokens = running.reduce((sum, row) => sum + tokensOf(row), 0);
  const joining: DecodedRow[] = [];
  while (waiting.length > 0 && joining.length < free) {
    const row = waiting[0]!;
    if (row.signal?.aborted !== true) {
      tokens += tokensOf(row);
      if (tokens > batchTokens && running.length + joining.length > 0) break;
      joining.push(row);
    }
    waiting.shift();
  }
  return joining;
}

function tokensOf({ prompt, source }: DecodedRow): number {
  return prompt.length + (source?.length ?? 0);
}

/** One more token for each row, the first after its prompt; keeps those that go on, in the cache too, and returns them. */
function step(model: CausalLanguageModel, cache: KeyValueCache, rows: readonly DecodedRow[], { beginning, repetitionPenalty }: DecodeRowsOptions): readonly DecodedRow[] {
  const device = model.outputWeight.device;
  const uniforms = rows.map(({ sampling, seed, stream, tokenIds }) => (sampling.temperature === 0 ? 0 : counterUniform(seed, stream, tokenIds.length)));
  const { chosen, top } = scope(() =>
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
      const logits = penalizeRepetition(model.logits(last), seen, repetitionPenalty); // [rows, vocabulary]
      return { chosen: chooseTokensOfRows(logits, rows.map(({ sampling }) => sampling), uniforms), top: likeliestTokens(logits, rows.map(({ topTokens }) => topTokens)) };
    }),
  );
  const staying = rows.flatMap((row, place) => (take(row, { id: chosen.tokenIds[place]!, logProb: chosen.logProbs[place]! }, top[place]!) ? [place] : []));
  if (staying.length > 0 && staying.length < rows.length) cache.keepRows(staying);
  return staying.map((place) => rows[place]!);
}

/** Whether the row goes on after the token. */
function take(row: DecodedRow, token: LikelyToken, top: readonly LikelyToken[]): boolean {
  if (row.stopTokenIds.includes(token.id)) {
    row.onFinish('stop');
    return false;
  }
  row.tokenIds.push(token.id);
  row.logProbs.push(token.logProb);
  if (row.onToken(token, top)) {
    row.onFinish('stop');
    return false;
  }
  if (row.tokenIds.length < row.limit) return true;
  row.onFinish('length');
  return false;
}
