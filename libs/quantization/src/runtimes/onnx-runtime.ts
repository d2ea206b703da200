import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { QuantizationError } from '../quantization-error.js';
import type { ModelRuntime, NextToken, RuntimeOptions, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { encoderBeside, OnnxEncoderDecoder } from './onnx-encoder-decoder.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';
import { keptOf, piecesOf, rowOf, type HeldRow } from './shared-prefix.js';

/** Rows are fed in pieces of this many tokens, so that the logits of a long row (tokens times vocabulary) are never held whole. */
const pieceTokens = 256;

/** Loads a decoder graph with onnxruntime-node, on the CPU; of an encoder-decoder both graphs. Throws QuantizationError `file-refused-by-runtime`. */
export async function openOnnxRuntime(path: string, { threads, signal }: RuntimeOptions): Promise<ModelRuntime> {
  const onnxruntime = await import('onnxruntime-node');
  const sessions: InferenceSession[] = [];
  const open = async (file: string) => {
    // By path, never from bytes: only then are the weights looked for beside the graph.
    const session = await onnxruntime.InferenceSession.create(file, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
    sessions.push(session);
    signal.throwIfAborted();
    return session;
  };
  try {
    const session = await open(path);
    if (!session.inputNames.includes('encoder_hidden_states')) return new OnnxRuntime(path, session, onnxruntime.Tensor, cacheShape(session));
    const both = new OnnxEncoderDecoder(path, await open(encoderBeside(path)), session);
    await both.step(onnxruntime.Tensor);
    return both;
  } catch (error) {
    for (const session of sessions) await session.release();
    signal.throwIfAborted();
    throw error instanceof QuantizationError ? error : fileRefused(path, 'onnxruntime-node', error);
  }
}

interface CacheShape {
  /** Names of the inputs, `past_key_values.{i}.key|value`. */
  readonly inputs: readonly string[];
  readonly heads: number;
  readonly headSize: number;
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

type TensorClass = typeof Tensor;

class OnnxRuntime implements ModelRuntime {
  readonly name = 'onnxruntime-node';
  /** The row that was scored last. */
  #held: ReadRow | undefined;

  constructor(
    private readonly path: string,
    private readonly session: InferenceSession,
    private readonly tensorClass: TensorClass,
    private readonly cache: CacheShape,
  ) {}

  begin(): Promise<RuntimeRow> {
    this.#held = undefined;
    const row = this.#row();
    return Promise.resolve({
      feed: async (tokenIds, count) => {
        let last: Float32Array = new Float32Array(0);
        for await (const { logits, tokens } of row.feed(tokenIds)) last = logits.subarray((logits.length / tokens) * (tokens - 1));
        const total = logSumExp(last);
        if (last.length === 0 || total - total !== 0) throw logitsNotFinite(this.path, this.name, row.length);
        return likeliest(last, count).map((id): NextToken => ({ id, logProb: last[id]! - total }));
      },
    });
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    const found: RuntimeScore[] = [];
    const row = rowOf(tokenIds, asked);
    const held = this.#held;
    this.#held = undefined;
    const kept = keptOf(held, row);
    const reader = this.#row(held && kept > 0 ? { length: kept, past: this.#beginningOf(held, kept) } : undefined);
    for (const [start, end] of piecesOf(row, kept)) {
      for await (const { logits, start: within, tokens } of reader.feed(tokenIds.slice(start, end))) {
        signal.throwIfAborted();
        const vocabulary = logits.length / tokens;
        for (let index = 0; index < tokens; index += 1) {
          const next = start + within + index + 1;
          const ids = asked[next] ?? [];
          if (ids.length === 0) continue;
          const here = logits.subarray(index * vocabulary, (index + 1) * vocabulary);
          const total = logSumExp(here);
          const logProbabilities = ids.map((id) => here[id]! - total);
          if (!logProbabilities.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, next);
          const [id] = likeliest(here, 1);
          found.push({ logProbabilities, likeliest: { id: id!, logProb: here[id!]! - total } });
        }
      }
    }
    this.#held = { ...row, past: reader.past };
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }

  /** The cache of as many tokens of a row that was read. */
  #beginningOf({ tokenIds, past }: ReadRow, length: number): ReadRow['past'] {
    const { heads, headSize } = this.cache;
    if (length === tokenIds.length) return past;
    const cut = Object.entries(past).map(([name, { data, dims }]) => {
      const own = new Float32Array(heads * length * headSize);
      const stride = dims[2]! * headSize;
      for (let head = 0; head < heads; head += 1) own.set((data as Float32Array).subarray(head * stride, head * stride + length * headSize), head * length * headSize);
      return [name, new this.tensorClass('float32', own, [1, heads, length, headSize])] as const;
    });
    return Object.fromEntries(cut);
  }

  /** A row that begins with what was read, else with an empty cache. */
  #row(begun?: { readonly length: number; readonly past: ReadRow['past'] }): { readonly length: number; readonly past: ReadRow['past']; feed(tokenIds: readonly number[]): AsyncGenerator<Piece> } {
    const { session, tensorClass, cache, path } = this;
    let past: Readonly<Record<string, Tensor>> = begun?.past ?? Object.fromEntries(cache.inputs.map((name) => [name, new tensorClass('float32', new Float32Array(0), [1, cache.heads, 0, cache.headSize])]));
    let length = begun?.length ?? 0;
    return {
      get length() {
        return length;
      },
      get past() {
        return past;
      },
      async *feed(tokenIds) {
        for (let start = 0; start < tokenIds.length; start += pieceTokens) {
          const piece = tokenIds.slice(start, start + pieceTokens);
          length += piece.length;
          const feeds = {
            input_ids: new tensorClass('int64', BigInt64Array.from(piece, BigInt), [1, piece.length]),
            attention_mask: new tensorClass('int64', new BigInt64Array(length).fill(1n), [1, length]),
            ...past,
          };
          const outputs = await session.run(feeds).catch((error: unknown) => {
            throw fileRefused(path, 'onnxruntime-node', error);
          });
          past = Object.fromEntries(cache.inputs.map((name) => [name, outputs[name.replace('past_key_values', 'present')]!]));
          yield { logits: outputs['logits']!.data as Float32Array, start, tokens: piece.length };
        }
      },
    };
  }
}

interface ReadRow extends HeldRow {
  /** Keys and values, [1, heads, tokens, headSize] each. */
  readonly past: Readonly<Record<string, Tensor>>;
}

interface Piece {
  /** [tokens, vocabulary] */
  readonly logits: Float32Array;
  /** Where in what was fed the piece begins. */
  readonly start: number;
  readonly tokens: number;
}

/** The places of the largest values, the largest first. */
function likeliest(values: Float32Array, count: number): number[] {
  if (count === 1) {
    let best = 0;
    for (let i = 1; i < values.length; i += 1) if (values[i]! > values[best]!) best = i;
    return [best];
  }
  const least = values.slice().sort().at(-Math.min(count, values.length))!;
  const found: number[] = [];
  for (let i = 0; i < values.length; i += 1) if (values[i]! >= least) found.push(i);
  return found.sort((left, right) => values[right]! - values[left]!).slice(0, count);
}

function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i += 1) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}
