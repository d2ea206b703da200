import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CausalLanguageModel } from '@tunesmith/models';
import { BranchCache, BranchMemory, packTokens, type Stretch } from '@tunesmith/nn';
import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from './generation-error.js';
import { longPass } from './long-pass.js';
import { scorePlaces, type PlaceScore } from './place-scores.js';
import type { LikelyToken } from './sampling.js';
import { tokenBatches } from './token-batches.js';
import { tokenTree, type TokenNode } from './token-tree.js';

export interface ContinuationRequest {
  /** At least one token; of an encoder-decoder what the encoder reads. */
  readonly contextTokenIds: readonly number[];
  /** At least one token. */
  readonly continuationTokenIds: readonly number[];
}

export interface ContinuationScore {
  /** Natural logarithm of each token of the continuation, given all before it. */
  readonly logProbs: readonly number[];
  /** Whether each token of the continuation is the likeliest one in its place. */
  readonly greedy: boolean;
  /** The likeliest token in each place of the continuation. */
  readonly likeliest: readonly LikelyToken[];
}

export interface ScoreContinuationsOptions {
  /** The most tokens that the model reads; what comes first is cut off beyond it. */
  readonly contextLength?: number;
  /** The most rows that go through the model at once. Changes nothing but the time. */
  readonly batchRows?: number;
  /** Of an encoder-decoder: what its rows begin with. */
  readonly startTokenId?: number;
  /** Hears each result as soon as it is there. */
  readonly onScore?: (request: number, score: ContinuationScore) => void;
}

/** Tokens that go through the model at once: enough for products at full speed. With more, what is made on the way only takes memory, and fresh memory time. */
const batchTokens = 1024;
/** In bfloat16, products of fewer rows go another way and round otherwise: a pass has at least so many, so that what a row gets never depends on its batch. */
const leastTokens = 65;

/**
 * How likely continuations of contexts are. What several contexts begin with, and each context before its continuations, is computed once and
 * its keys and values are looked at by all that follow; logits are made for the scored places alone. Continuations of one token of the same
 * context so cost one pass over it together.
 *
 * In float32 a result depends, but for the last bits, neither on the order of the requests nor on what goes through the model beside them.
 *
 * @throws GenerationError `continuation-empty`, `continuation-too-long`, `logits-not-finite`; what `signal` was aborted with.
 */
export async function scoreContinuations(model: CausalLanguageModel, requests: readonly ContinuationRequest[], options: ScoreContinuationsOptions, context: WorkContext): Promise<ContinuationScore[]> {
  requests.forEach((request, index) => check(request, index, options));
  const asked = new Asked(requests, context, options.onScore);
  if (model.readsSource === true) await scoreTargets(model, requests, options, asked, context.signal);
  else await scoreTree(model, requests, options, asked, context.signal);
  return requests.map((_, index) => asked.scoreOf(index));
}

function check({ contextTokenIds, continuationTokenIds }: ContinuationRequest, index: number, { contextLength = Infinity }: ScoreContinuationsOptions): void {
  if (contextTokenIds.length === 0 || continuationTokenIds.length === 0) {
    throw new GenerationError({ message: `Request ${index}: expected a context and a continuation of at least one token each; got ${contextTokenIds.length} and ${continuationTokenIds.length}.`, code: 'continuation-empty', facts: { request: index } });
  }
  if (continuationTokenIds.length > contextLength) {
    throw new GenerationError({ message: `Request ${index}: the continuation has ${continuationTokenIds.length} tokens, but the model reads at most ${contextLength}. Shorten it.`, code: 'continuation-too-long', facts: { request: index, tokens: continuationTokenIds.length, contextLength } });
  }
}

/** Which token of which continuation is asked after a place, and the answers as they come. */
class Asked {
  readonly #places = new Map<TokenNode, Map<number, { request: number; token: number; id: number }[]>>();
  readonly #answers: { logProb: number; likeliest: LikelyToken }[][];
  readonly #waiting: number[];
  #done = 0;

  constructor(private readonly requests: readonly ContinuationRequest[], private readonly context: WorkContext, private readonly onScore: ScoreContinuationsOptions['onScore']) {
    this.#answers = requests.map(() => []);
    this.#waiting = requests.map(() => 0);
  }

  /** After the token at `offset` of the node comes token number `token` of the request's continuation. */
  add(node: TokenNode, offset: number, request: number, token: number, id: number): void {
    const places = this.#places.get(node) ?? new Map<number, { request: number; token: number; id: number }[]>();
    this.#places.set(node, places);
    places.set(offset, [...(places.get(offset) ?? []), { request, token, id }]);
    this.#waiting[request]! += 1;
  }

  /** Asks the model about all places of a packed batch of nodes. */
  answer(nodes: readonly TokenNode[], boundaries: readonly number[], score: (asked: { place: number; tokenIds: number[] }[]) => PlaceScore[]): void {
    const entries = nodes.flatMap((node, row) => [...(this.#places.get(node) ?? [])].map(([offset, wanted]) => ({ place: (boundaries[row] ?? 0) + offset, wanted })));
    const scores = score(entries.map(({ place, wanted }) => ({ place, tokenIds: wanted.map(({ id }) => id) })));
    entries.forEach(({ wanted }, index) =>
      wanted.forEach(({ request, token }, which) => {
        const { logProbs, likeliest } = scores[index]!;
        this.#answers[request]![token] = { logProb: logProbs[which]!, likeliest };
        this.#waiting[request]! -= 1;
        if (this.#waiting[request]! > 0) return;
        this.#done += 1;
        this.onScore?.(request, this.scoreOf(request));
      }),
    );
    if (entries.length > 0) this.context.onProgress({ phase: 'score', done: this.#done, total: this.#waiting.length, unit: 'requests' });
  }

  scoreOf(request: number): ContinuationScore {
    const [answers, continuation] = [this.#answers[request]!, this.requests[request]!.continuationTokenIds];
    return { logProbs: answers.map(({ logProb }) => logProb), greedy: answers.every(({ likeliest }, token) => likeliest.id === continuation[token]), likeliest: answers.map(({ likeliest }) => likeliest) };
  }
}

async function scoreTree(model: CausalLanguageModel, requests: readonly ContinuationRequest[], { contextLength = Infinity, batchRows = Infinity }: ScoreContinuationsOptions, asked: Asked, signal: AbortSignal): Promise<void> {
  // Nothing is asked after the last token.
  const sequences = requests.map(({ contextTokenIds, continuationTokenIds }) => {
    const whole = [...contextTokenIds, ...continuationTokenIds];
    return whole.slice(Math.max(0, whole.length - contextLength - 1), -1);
  });
  const { roots, paths } = tokenTree(sequences, model.beginningsSameUpTo);
  requests.forEach(({ continuationTokenIds }, request) => {
    const path = paths[request]!;
    const first = sequences[request]!.length - continuationTokenIds.length;
    continuationTokenIds.forEach((id, token) => {
      const node = path.findLast(({ start }) => start <= first + token)!;
      asked.add(node, first + token - node.start, request, token, id);
    });
  });
  await visit(roots, new Map());

  /** Nodes of one depth, some at a time, each time with all that branches off them. */
  async function visit(nodes: readonly TokenNode[], pasts: ReadonlyMap<TokenNode, readonly Stretch[]>): Promise<void> {
    for (const batch of tokenBatches(nodes, ({ tokenIds }) => tokenIds.length, { tokens: batchTokens, items: batchRows })) {
      await nextTurn();
      signal.throwIfAborted();
      const continued = batch.some(({ children }) => children.length > 0);
      using memory = new BranchMemory();
      const rows = batch.map(({ tokenIds }) => tokenIds);
      const lacking = model.outputWeight.dtype === 'float32' ? 0 : leastTokens - rows.reduce((sum, tokenIds) => sum + tokenIds.length, 0);
      const filled = lacking > 0 ? [...rows, Array<number>(lacking).fill(rows[0]![0]!)] : rows;
      using cache = new BranchCache(filled.map((_, row) => (row < batch.length ? (pasts.get(batch[row]!) ?? []) : [])), continued ? memory : undefined);
      longPass(() => {
        const packed = packTokens(filled, { starts: cache.lengths, device: model.outputWeight.device });
        const hidden = model.hidden(packed, cache); // [tokens, hidden]
        asked.answer(batch, packed.boundaries, (places) => scorePlaces(model, hidden, places));
      });
      if (!continued) continue;
      const further = new Map(batch.flatMap((node, row) => node.children.map((child) => [child, [...(pasts.get(node) ?? []), { memory, row }]] as const)));
      await visit([...further.keys()], further);
    }
  }
}

/** Of an encoder-decoder: the context is read, the continuation written. Nothing is shared. */
async function scoreTargets(model: CausalLanguageModel, requests: readonly ContinuationRequest[], { contextLength = Infinity, batchRows = Infinity, startTokenId }: ScoreContinuationsOptions, asked: Asked, signal: AbortSignal): Promise<void> {
  if (startTokenId === undefined) throw new GenerationError({ message: 'Expected the token that rows of an encoder-decoder begin with; got none.', code: 'start-token-missing' });
  const rows = requests.map(({ contextTokenIds, continuationTokenIds }, request) => {
    const node: TokenNode = { tokenIds: [startTokenId, ...continuationTokenIds.slice(0, -1)], start: 0, children: [] };
    continuationTokenIds.forEach((id, token) => asked.add(node, token, request, token, id));
    return { node, source: contextTokenIds.slice(Math.max(0, contextTokenIds.length - contextLength)) };
  });
  for (const batch of tokenBatches(rows, ({ node, source }) => node.tokenIds.length + source.length, { tokens: batchTokens, items: batchRows })) {
    await nextTurn();
    signal.throwIfAborted();
    longPass(() => {
      const packed = packTokens(batch.map(({ node }) => node.tokenIds), { sources: batch.map(({ source }) => source), device: model.outputWeight.device });
      const hidden = model.hidden(packed);
      asked.answer(batch.map(({ node }) => node), packed.boundaries, (places) => scorePlaces(model, hidden, places));
    });
  }
}
