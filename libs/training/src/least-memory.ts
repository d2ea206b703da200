import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import type { OptimizerOptions, TrainOptions, TuningMethodOptions } from './train-options.js';

/** Bytes for each parameter where all of them learn. */
const tunedInFull: { readonly [Kind in OptimizerOptions['kind']]: (dtype: TrainOptions['dtype']) => Readonly<Record<string, number>> } = {
  // Two moments in float32; beside a bfloat16 weight what it lacks of a float32 one.
  adamw: (dtype) => (dtype === 'bfloat16' ? { weights: 2, gradients: 2, moments: 2 * 4 + 2 } : { weights: 4, gradients: 4, moments: 2 * 4 }),
  adafactor: () => ({ weights: 4, gradients: 4 }),
  // Embeddings are AdamW's, which only makes it more.
  muon: () => ({ weights: 4, gradients: 4, moments: 4 }),
};

/**
 * What a training cannot do without, in bytes, from the sizes of the model's weights alone. For models that are larger than the machine, of which no
 * step can be tried.
 */
export async function leastMemory({ modelFolder, method, optimizer, dtype }: Pick<TrainOptions, 'modelFolder' | 'method' | 'optimizer' | 'dtype'>): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  const isFull = method.kind === 'full' && !method.train && !method.freeze;
  const bytes = isFull ? tunedInFull[optimizer.kind](dtype) : { weights: heldIn(method, dtype) };
  return Object.fromEntries(Object.entries(bytes).map(([part, each]) => [part, parameters * each]));
}

/** Bytes of each weight, most of which nothing moves at a time. */
function heldIn(method: TuningMethodOptions, dtype: TrainOptions['dtype']): number {
  if (method.kind === 'lora' && method.base !== 'as-is') return method.base === 'nf4' ? 1 / 2 : 1;
  const isNarrow = dtype === 'bfloat16' && (method.kind === 'lora' || method.kind === 'adalora' || method.kind === 'full');
  return isNarrow ? 2 : 4;
}
