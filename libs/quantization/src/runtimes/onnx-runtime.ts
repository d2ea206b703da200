import type { InferenceSession } from 'onnxruntime-node';
import { QuantizationError } from '../quantization-error.js';
import type { ModelRuntime, RuntimeOptions, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { encoderBeside, OnnxEncoderDecoder } from './onnx-encoder-decoder.js';
import { decoderGraph, OnnxRow, type BesideTokens, type DecoderGraph, type OnnxPast } from './onnx-row.js';
import { fileRefused } from './runtime-error.js';
import { keptOf, piecesOf, rowOf, type HeldRow } from './shared-prefix.js';

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
    const graph = decoderGraph(path, session, onnxruntime.Tensor);
    if (!session.inputNames.includes('encoder_hidden_states')) return new OnnxRuntime(graph);
    const both = new OnnxEncoderDecoder(graph, await open(encoderBeside(path)));
    await both.proveFit();
    return both;
  } catch (error) {
    for (const session of sessions) await session.release();
    signal.throwIfAborted();
    throw error instanceof QuantizationError ? error : fileRefused(path, 'onnxruntime-node', error);
  }
}

class OnnxRuntime implements ModelRuntime {
  readonly name = 'onnxruntime-node';
  /** The row that was scored last. */
  #held: ReadRow | undefined;

  constructor(private readonly graph: DecoderGraph) {}

  begin(): Promise<RuntimeRow> {
    this.#held = undefined;
    return Promise.resolve(new OnnxRow(this.graph, this.#mask));
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal): Promise<RuntimeScore[]> {
    const found: RuntimeScore[] = [];
    const row = rowOf(tokenIds, asked);
    const held = this.#held;
    this.#held = undefined;
    const kept = keptOf(held, row);
    const reader = new OnnxRow(this.graph, this.#mask, held && kept > 0 ? { length: kept, past: this.#beginningOf(held, kept) } : undefined);
    for (const [start, end] of piecesOf(row, kept)) found.push(...(await reader.score(tokenIds.slice(start, end), asked, signal)));
    this.#held = { ...row, past: reader.past };
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph.session.release();
  }

  readonly #mask: BesideTokens = (_, length) => ({ attention_mask: new this.graph.tensorClass('int64', new BigInt64Array(length).fill(1n), [1, length]) });

  /** The cache of as many tokens of a row that was read. */
  #beginningOf({ tokenIds, past }: ReadRow, length: number): OnnxPast {
    const { tensorClass, cache: { heads, headSize } } = this.graph;
    if (length === tokenIds.length) return past;
    const cut = Object.entries(past).map(([name, { data, dims }]) => {
      const own = new Float32Array(heads * length * headSize);
      const stride = dims[2]! * headSize;
      for (let head = 0; head < heads; head += 1) own.set((data as Float32Array).subarray(head * stride, head * stride + length * headSize), head * length * headSize);
      return [name, new tensorClass('float32', own, [1, heads, length, headSize])] as const;
    });
    return Object.fromEntries(cut);
  }
}

interface ReadRow extends HeldRow {
  readonly past: OnnxPast;
}
