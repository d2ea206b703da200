import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encoderBeside } from '../runtimes/onnx-encoder-decoder.js';

const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const;

/** An encoder and its decoder, fed as transformers.js feeds them. */
export interface EncoderDecoder {
  /** Pieces of a row one after another beside its source: the logits of every token. */
  logits(source: readonly number[], pieces: readonly (readonly number[])[]): Promise<Float32Array>;
  /** The likeliest token, again and again. */
  continue(source: readonly number[], prompt: readonly number[], count: number): Promise<number[]>;
  release(): Promise<void>;
}

export async function openEncoderDecoder(decoderPath: string): Promise<EncoderDecoder> {
  const [encoder, decoder] = [await InferenceSession.create(encoderBeside(decoderPath), options), await InferenceSession.create(decoderPath, options)];

  async function newRow(source: readonly number[]): Promise<(piece: readonly number[]) => Promise<Float32Array>> {
    // A place of padding, which nothing may look at.
    const [ids, mask] = [[...source, 7], [...source.map(() => 1), 0]].map((values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]));
    const { last_hidden_state: states } = await encoder.run({ input_ids: ids!, attention_mask: mask! });
    let past: Record<string, Tensor> = {};
    for (const input of decoder.inputMetadata) {
      if (input.isTensor && input.name.startsWith('past_key_values.')) past[input.name] = new Tensor('float32', new Float32Array(0), [1, Number(input.shape[1]), 0, Number(input.shape[3])]);
    }
    let begun = 0;
    return async (piece) => {
      const feeds = {
        input_ids: new Tensor('int64', BigInt64Array.from(piece, BigInt), [1, piece.length]),
        encoder_attention_mask: mask!,
        // What the encoder said is read in the first run only.
        encoder_hidden_states: begun === 0 ? states! : new Tensor('float32', new Float32Array(states!.size).fill(NaN), states!.dims),
        use_cache_branch: new Tensor('bool', Uint8Array.of(begun), [1]),
        ...past,
      };
      const outputs = await decoder.run(feeds);
      begun = 1;
      past = Object.fromEntries(Object.keys(past).map((name) => [name, outputs[name.replace('past_key_values', 'present')]!]));
      return outputs['logits']!.data as Float32Array;
    };
  }

  return {
    async logits(source, pieces) {
      const feed = await newRow(source);
      const logits: number[] = [];
      for (const piece of pieces) logits.push(...(await feed(piece)));
      return new Float32Array(logits);
    },
    async continue(source, prompt, count) {
      const feed = await newRow(source);
      const made: number[] = [];
      for (let piece = prompt; made.length < count; piece = [made.at(-1)!]) {
        const logits = await feed(piece);
        const last = logits.subarray(logits.length - logits.length / piece.length);
        made.push(last.reduce((best, value, token) => (value > last[best]! ? token : best), 0));
      }
      return made;
    },
    async release() {
      await encoder.release();
      await decoder.release();
    },
  };
}
