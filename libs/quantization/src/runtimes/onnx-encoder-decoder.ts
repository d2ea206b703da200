import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { basename, dirname, join } from 'node:path';
import { QuantizationError } from '../quantization-error.js';
import type { ModelRuntime, RuntimeRow, RuntimeScore } from './model-runtime.js';
import { logitsNotFinite } from './runtime-error.js';

/** Where the encoder of a decoder graph lies. */
export function encoderBeside(decoderPath: string): string {
  return join(dirname(decoderPath), basename(decoderPath).replace('decoder_model_merged', 'encoder_model'));
}

/** Two graphs that are loaded, and of which one step has shown that they fit together. Questions and rows are for decoders: `prepareExam` refuses them before. */
export class OnnxEncoderDecoder implements ModelRuntime {
  readonly name = 'onnxruntime-node';

  constructor(
    private readonly path: string,
    private readonly encoder: InferenceSession,
    private readonly decoder: InferenceSession,
  ) {}

  /** One token of source, one of answer. Throws QuantizationError `logits-not-finite`. */
  async step(tensorClass: typeof Tensor): Promise<void> {
    const ids = (value: bigint) => new tensorClass('int64', BigInt64Array.of(value), [1, 1]);
    const { last_hidden_state: states } = await this.encoder.run({ input_ids: ids(0n), attention_mask: ids(1n) });
    const past: Record<string, Tensor> = {};
    for (const input of this.decoder.inputMetadata) {
      if (!input.isTensor || !input.name.startsWith('past_key_values.')) continue;
      past[input.name] = new tensorClass('float32', new Float32Array(0), [1, Number(input.shape[1]), 0, Number(input.shape[3])]);
    }
    const feeds = { input_ids: ids(0n), encoder_attention_mask: ids(1n), encoder_hidden_states: states!, use_cache_branch: new tensorClass('bool', Uint8Array.of(0), [1]), ...past };
    const { logits } = await this.decoder.run(feeds);
    if (!(logits!.data as Float32Array).every(Number.isFinite)) throw logitsNotFinite(this.path, this.name, 0);
  }

  begin(): Promise<RuntimeRow> {
    return this.#refuse();
  }

  score(): Promise<RuntimeScore[]> {
    return this.#refuse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.encoder.release();
    await this.decoder.release();
  }

  async #refuse(): Promise<never> {
    throw new QuantizationError({ code: 'runtime-without-encoder', message: `${this.path} is an encoder-decoder, which is loaded here and not asked. Evaluate the model itself.`, facts: { path: this.path } });
  }
}
