import type { InferenceSession } from 'onnxruntime-node';
import { DatasetError } from '../dataset-error.js';
import type { HiddenStates } from './sentence-encoder.js';

/** A graph that takes input_ids, attention_mask and token_type_ids, or some of them, and gives last_hidden_state. */
export async function openOnnxEncoder(path: string): Promise<AsyncDisposable & { readonly hiddenStates: HiddenStates }> {
  const { InferenceSession: Session, Tensor } = await import('onnxruntime-node');
  const refused = (reason: string, cause?: unknown): DatasetError =>
    new DatasetError({ message: `${path}: expected a sentence encoder that takes input_ids and gives last_hidden_state; ${reason}.`, code: 'encoder-refused', facts: { path, reason }, cause });
  let session: InferenceSession;
  try {
    session = await Session.create(path, { executionProviders: ['cpu'], intraOpNumThreads: Number(process.env['OMP_NUM_THREADS']) || 0, logSeverityLevel: 3 });
  } catch (error) {
    throw refused(`onnxruntime does not take it: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const known = ['input_ids', 'attention_mask', 'token_type_ids'];
  const output = session.outputNames.includes('last_hidden_state') ? 'last_hidden_state' : session.outputNames[0];
  const foreign = session.inputNames.filter((name) => !known.includes(name));
  if (foreign.length > 0 || !session.inputNames.includes('input_ids') || output === undefined) {
    await session.release();
    throw refused(`this one takes ${session.inputNames.join(', ')} and gives ${session.outputNames.join(', ')}`);
  }
  return {
    async hiddenStates(rows) {
      const shape = [rows.length, rows[0]!.length];
      const filled = (value: bigint): BigInt64Array => new BigInt64Array(shape[0]! * shape[1]!).fill(value);
      const feeds = { input_ids: BigInt64Array.from(rows.flat(), BigInt), attention_mask: filled(1n), token_type_ids: filled(0n) };
      const wanted = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
      const found = (await session.run(Object.fromEntries(wanted.map(([name, data]) => [name, new Tensor('int64', data, shape)])), [output]))[output]!;
      const { data, dims } = found;
      if (!(data instanceof Float32Array) || dims.length !== 3) throw refused(`${output} is ${found.type} of shape [${dims.join(', ')}], not float32 of [rows, tokens, width]`);
      return { values: data, width: dims[2]! };
    },
    [Symbol.asyncDispose]: () => session.release(),
  };
}
