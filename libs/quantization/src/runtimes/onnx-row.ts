import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { NextToken, RuntimeScore } from './model-runtime.js';
import { nextTokens, scoreOf } from './onnx-logits.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

/** Rows are fed in pieces of this many tokens, so that the logits of a long row (tokens times vocabulary) are never held whole. */
const pieceTokens = 256;

/** Keys and values by the names of the graph's inputs, [1, heads, tokens, headSize] each. */
export type OnnxPast = Readonly<Record<string, Tensor>>;

/** A graph that writes, loaded. */
export interface DecoderGraph {
  readonly path: string;
  readonly session: InferenceSession;
  readonly tensorClass: typeof Tensor;
  readonly cache: CacheShape;
}

interface CacheShape {
  /** Names of the inputs, `past_key_values.…`. */
  readonly inputs: readonly string[];
  readonly heads: number;
  readonly headSize: number;
}

export function decoderGraph(path: string, session: InferenceSession, tensorClass: typeof Tensor): DecoderGraph {
  return { path, session, tensorClass, cache: cacheShape(session) };
}

function cacheShape(session: InferenceSession): CacheShape {
  const metadata = session.inputMetadata.filter(({ name }) => name.startsWith('past_key_values.'));
  const first = metadata[0];
  if (first === undefined) throw new Error('the graph has no past_key_values inputs');
  for (const input of metadata) {
    // onnxruntime-node 1.30 on Node 24 cannot read the Float16Array that its own tensors hold.
    if (!input.isTensor || input.type !== 'float32') throw new Error(`${input.name} is not a float32 tensor, which Node cannot feed`);
  }
  const shape = first.isTensor ? first.shape : [];
  const [, heads, , headSize] = shape;
  if (typeof heads !== 'number' || typeof headSize !== 'number') throw new Error(`${first.name} has the shape [${shape.join(', ')}]; expected numbers for heads and head size`);
  return { inputs: metadata.map(({ name }) => name), heads, headSize };
}

function presentOf(input: string): string {
  return input.replace('past_key_values', 'present');
}

/** Keys and values that an encoder-decoder's first run makes of the encoder's states. */
function isOfSource(input: string): boolean {
  return input.includes('.encoder.');
}

/** What a graph is fed beside a piece of a row and its cache, by how many tokens are in the cache and with the piece. */
export type BesideTokens = (cached: number, length: number) => Readonly<Record<string, Tensor>>;

/** One row in a graph, fed piece by piece. */
export class OnnxRow {
  #length: number;
  #past: OnnxPast;

  /** Begins with what was read already, else with an empty cache. */
  constructor(private readonly graph: DecoderGraph, private readonly beside: BesideTokens, begun?: { readonly length: number; readonly past: OnnxPast }) {
    const { tensorClass, cache } = graph;
    this.#length = begun?.length ?? 0;
    this.#past = begun?.past ?? Object.fromEntries(cache.inputs.map((name) => [name, new tensorClass('float32', new Float32Array(0), [1, cache.heads, 0, cache.headSize])]));
  }

  get past(): OnnxPast {
    return this.#past;
  }

  /** As `RuntimeRow.feed`. */
  async feed(tokenIds: readonly number[], count: number): Promise<NextToken[]> {
    let last: Float32Array = new Float32Array(0);
    for await (const { logits, tokens } of this.#read(tokenIds)) last = logits.subarray((logits.length / tokens) * (tokens - 1));
    const next = nextTokens(last, count);
    if (next === undefined) throw logitsNotFinite(this.graph.path, 'onnxruntime-node', this.#length);
    return next;
  }

  /** Adds tokens, and says what is asked behind each: `asked` is of the whole row. */
  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    const found: RuntimeScore[] = [];
    let place = this.#length;
    for await (const { logits, tokens } of this.#read(tokenIds)) {
      signal.throwIfAborted();
      const vocabulary = logits.length / tokens;
      for (let index = 0; index < tokens; index += 1) {
        const ids = asked[(place += 1)] ?? [];
        if (ids.length === 0) continue;
        const score = scoreOf(logits.subarray(index * vocabulary, (index + 1) * vocabulary), ids);
        if (score === undefined) throw logitsNotFinite(this.graph.path, 'onnxruntime-node', place);
        found.push(score);
      }
    }
    return found;
  }

  /** Logits [tokens, vocabulary] of one piece after the other. */
  async *#read(tokenIds: readonly number[]): AsyncGenerator<{ readonly logits: Float32Array; readonly tokens: number }> {
    const { path, session, tensorClass, cache } = this.graph;
    for (let start = 0; start < tokenIds.length; start += pieceTokens) {
      const piece = tokenIds.slice(start, start + pieceTokens);
      const cached = this.#length;
      this.#length += piece.length;
      const feeds = { input_ids: new tensorClass('int64', BigInt64Array.from(piece, BigInt), [1, piece.length]), ...this.beside(cached, this.#length), ...this.#past };
      // What was made of a source stays as it is: it need not come out again, which takes as long as its copies.
      const grown = cached === 0 ? cache.inputs : cache.inputs.filter((name) => !isOfSource(name));
      const outputs = await session.run(feeds, ['logits', ...grown.map(presentOf)]).catch((error: unknown) => {
        throw fileRefused(path, 'onnxruntime-node', error);
      });
      this.#past = { ...this.#past, ...Object.fromEntries(grown.map((name) => [name, outputs[presentOf(name)]!])) };
      yield { logits: outputs['logits']!.data as Float32Array, tokens: piece.length };
    }
  }
}
