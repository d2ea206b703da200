import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { QuantizationError } from '../quantization-error.js';
import { tokensThemselves, type CompletionLimits, type ModelRuntime, type RuntimeOptions } from './model-runtime.js';
import { encoderBeside, OnnxEncoderDecoder } from './onnx-encoder-decoder.js';
import { fileRefused, logitsNotFinite } from './runtime-error.js';

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

  constructor(
    private readonly path: string,
    private readonly session: InferenceSession,
    private readonly tensorClass: TensorClass,
    private readonly cache: CacheShape,
  ) {}

  async complete(prompt: readonly number[], { maxNewTokens, stopTokenIds, signal }: CompletionLimits): Promise<number[]> {
    const answer: number[] = [];
    const row = this.#row();
    let input = prompt;
    while (answer.length < maxNewTokens) {
      signal.throwIfAborted();
      let last: Float32Array = new Float32Array(0);
      for await (const { logits, tokens } of row.feed(input)) last = logits.subarray((logits.length / tokens) * (tokens - 1));
      const next = indexOfLargest(last);
      if (next === undefined) throw logitsNotFinite(this.path, this.name, row.length);
      if (stopTokenIds.includes(next)) break;
      answer.push(next);
      input = [next];
    }
    return answer;
  }

  async logProbabilities(tokenIds: readonly number[], wanted: readonly boolean[], signal: AbortSignal): Promise<number[]> {
    return (await this.logProbabilitiesOf(tokenIds, tokensThemselves(tokenIds, wanted), signal)).flat();
  }

  async logProbabilitiesOf(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<number[][]> {
    const found: number[][] = [];
    for await (const { logits, start, tokens } of this.#row().feed(tokenIds)) {
      signal.throwIfAborted();
      const vocabulary = logits.length / tokens;
      for (let index = 0; index < tokens; index += 1) {
        const next = start + index + 1;
        const ids = asked[next] ?? [];
        if (ids.length === 0) continue;
        const row = logits.subarray(index * vocabulary, (index + 1) * vocabulary);
        const total = logSumExp(row);
        const logProbabilities = ids.map((id) => row[id]! - total);
        if (!logProbabilities.every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, next);
        found.push(logProbabilities);
      }
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.release();
  }

  /** A row that begins with an empty cache. */
  #row(): { readonly length: number; feed(tokenIds: readonly number[]): AsyncGenerator<Piece> } {
    const { session, tensorClass, cache, path } = this;
    let past: Record<string, Tensor> = Object.fromEntries(cache.inputs.map((name) => [name, new tensorClass('float32', new Float32Array(0), [1, cache.heads, 0, cache.headSize])]));
    let length = 0;
    return {
      get length() {
        return length;
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

interface Piece {
  /** [tokens, vocabulary] */
  readonly logits: Float32Array;
  /** Where in what was fed the piece begins. */
  readonly start: number;
  readonly tokens: number;
}

/** Undefined where a number is not finite. */
function indexOfLargest(values: Float32Array): number | undefined {
  let best = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (value - value !== 0) return undefined;
    if (value > values[best]!) best = i;
  }
  return values.length > 0 ? best : undefined;
}

function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i += 1) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}
