import { expectSource } from '@tunesmith/models';
import type { InferenceSession } from 'onnxruntime-node';
import { basename, dirname, join } from 'node:path';
import { openedGraphs } from '../exporters/onnx/graph-path.js';
import type { ModelRuntime, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { OnnxRow, type BesideTokens, type DecoderGraph } from './onnx-row.js';
import { fileRefused } from './runtime-error.js';

const [, decoderName] = openedGraphs;

/** Whether a graph is by its name the decoder of an encoder beside it. */
export function hasEncoderBeside(decoderPath: string): boolean {
  return basename(decoderPath).startsWith(decoderName);
}

/** Where the encoder of a decoder graph lies. */
export function encoderBeside(decoderPath: string): string {
  return join(dirname(decoderPath), basename(decoderPath).replace(decoderName, 'encoder_model'));
}

/**
 * An encoder and its decoder. The source is read once for all rows that follow one another beside it. A row's first run makes keys and values of the source, and later
 * ones find them in the cache.
 */
export class OnnxEncoderDecoder implements ModelRuntime {
  readonly name = 'onnxruntime-node';
  /** The source that was read last. */
  #read: { readonly source: readonly number[]; readonly beside: BesideTokens } | undefined;

  constructor(private readonly decoder: DecoderGraph, private readonly encoder: InferenceSession) {}

  /** One token of source and one of answer go through both. Throws QuantizationError `file-refused-by-runtime`, `logits-not-finite`. */
  async proveFit(): Promise<void> {
    await (await this.begin([0])).feed([0], 1);
  }

  async begin(source?: readonly number[]): Promise<RuntimeRow> {
    return new OnnxRow(this.decoder, await this.#beside(source));
  }

  async score(tokenIds: readonly number[], asked: readonly (readonly number[])[], signal: AbortSignal, source?: readonly number[]): Promise<RuntimeScore[]> {
    return new OnnxRow(this.decoder, await this.#beside(source)).score(tokenIds, asked, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.encoder.release();
    await this.decoder.session.release();
  }

  async #beside(source?: readonly number[]): Promise<BesideTokens> {
    expectSource({ readsSource: true }, { source });
    const read = source!;
    if (this.#read?.source.join() === read.join()) return this.#read.beside;
    const { path, tensorClass } = this.decoder;
    const integers = (values: BigInt64Array) => new tensorClass('int64', values, [1, values.length]);
    const mask = integers(new BigInt64Array(read.length).fill(1n));
    const { last_hidden_state: states } = await this.encoder.run({ input_ids: integers(BigInt64Array.from(read, BigInt)), attention_mask: mask }).catch((error: unknown) => {
      throw fileRefused(encoderBeside(path), this.name, error);
    });
    const inCache = [0, 1].map((flag) => new tensorClass('bool', Uint8Array.of(flag), [1]));
    const beside: BesideTokens = (cached) => ({ encoder_attention_mask: mask, encoder_hidden_states: states!, use_cache_branch: inCache[cached > 0 ? 1 : 0]! });
    this.#read = { source: read, beside };
    return beside;
  }
}
