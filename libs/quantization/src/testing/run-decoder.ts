import { InferenceSession, Tensor } from 'onnxruntime-node';

/** A decoder graph, fed by hand. */
export interface Decoder {
  /** Feeds pieces of a row one after another, cache and all: the logits of every token. */
  logits(pieces: readonly (readonly number[])[]): Promise<Float32Array>;
  /** The likeliest token, again and again. */
  continue(prompt: readonly number[], count: number): Promise<number[]>;
  release(): Promise<void>;
}

export async function openDecoder(path: string): Promise<Decoder> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });

  function newRow(): (piece: readonly number[]) => Promise<Float32Array> {
    let past: Record<string, Tensor> = {};
    for (const input of session.inputMetadata) {
      if (!input.isTensor || !input.name.startsWith('past_key_values.')) continue;
      past[input.name] = new Tensor('float32', new Float32Array(0), [1, Number(input.shape[1]), 0, Number(input.shape[3])]);
    }
    let length = 0;
    return async (piece) => {
      length += piece.length;
      const outputs = await session.run({
        input_ids: new Tensor('int64', BigInt64Array.from(piece, BigInt), [1, piece.length]),
        attention_mask: new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length]),
        ...past,
      });
      past = Object.fromEntries(Object.keys(past).map((name) => [name, outputs[name.replace('past_key_values', 'present')]!]));
      return outputs['logits']!.data as Float32Array;
    };
  }

  return {
    async logits(pieces) {
      const feed = newRow();
      const logits: number[] = [];
      for (const piece of pieces) logits.push(...(await feed(piece)));
      return new Float32Array(logits);
    },
    async continue(prompt, count) {
      const feed = newRow();
      const made: number[] = [];
      for (let piece = prompt; made.length < count; piece = [made.at(-1)!]) {
        const logits = await feed(piece);
        const last = logits.subarray(logits.length - logits.length / piece.length);
        made.push(last.reduce((best, value, token) => (value > last[best]! ? token : best), 0));
      }
      return made;
    },
    release: () => session.release(),
  };
}
