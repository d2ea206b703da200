import { adapterScaling, type Adapter } from '@tunesmith/checkpoints';
import type { CausalLanguageModel } from '@tunesmith/models';
import { ops, scope, tensor } from '@tunesmith/tensor';
import { WeightReader } from './exporters/weight-reader.js';

/** Adds a LoRA adapter to a model in memory: W + scale · B A, in the type of the weights. For adapters that `exportGgufAdapter` takes. */
export async function foldAdapter(model: CausalLanguageModel, adapter: Adapter): Promise<void> {
  const parameters = model.parameters();
  const reader = new WeightReader(adapter.tensors);
  for (const [module, { a, b, embeddingA, embeddingB }] of adapter.modules) {
    const weight = parameters.get(`${module}.weight`)!;
    const { rank, scale } = adapterScaling(adapter.config, module);
    const [rows, columns] = weight.shape as [number, number];
    const [inner, outer] = embeddingA === undefined ? [columns, rows] : [rows, columns];
    const low = await reader.values((a ?? embeddingA)!, [rank, inner]);
    const high = await reader.values((b ?? embeddingB)!, [outer, rank]);
    scope(() => {
      const update = ops.mulScalar(ops.matmul(tensor(high, { shape: [outer, rank] }), tensor(low, { shape: [rank, inner] })), scale);
      ops.addInPlace(weight, ops.toDtype(embeddingA === undefined ? update : ops.t(update), weight.dtype));
    });
  }
}
