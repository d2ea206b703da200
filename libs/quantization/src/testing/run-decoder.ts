import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Feeds pieces of a row one after another through a decoder graph, cache and all: the logits of every token. */
export async function runDecoder(path: string, pieces: readonly (readonly number[])[]): Promise<Float32Array> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    let past: Record<string, Tensor> = {};
    for (const input of session.inputMetadata) {
      if (!input.isTensor || !input.name.startsWith('past_key_values.')) continue;
      past[input.name] = new Tensor('float32', new Float32Array(0), [1, Number(input.shape[1]), 0, Number(input.shape[3])]);
    }
    const logits: number[] = [];
    let length = 0;
    for (const piece of pieces) {
      length += piece.length;
      const outputs = await session.run({
        input_ids: new Tensor('int64', BigInt64Array.from(piece, BigInt), [1, piece.length]),
        attention_mask: new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length]),
        ...past,
      });
      logits.push(...(outputs['logits']!.data as Float32Array));
      past = Object.fromEntries(Object.keys(past).map((name) => [name, outputs[name.replace('past_key_values', 'present')]!]));
    }
    return new Float32Array(logits);
  } finally {
    await session.release();
  }
}
