import { adapterTensorName, loraAdapterConfig, writeAdapter, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { SourceModel } from '../exporters/source-model.js';

/** Writes a PEFT folder that adapts `modules`, each with the rank beside it, embeddings in PEFT's way for them. What a module that the model lacks would have is made up. */
export async function makeAdapter(folder: string, model: SourceModel, modules: Readonly<Record<string, number>>, changes: Partial<Parameters<typeof loraAdapterConfig>[0]> = {}): Promise<string> {
  const weights = new Map(model.family.weights.tensors(model.config).map(({ huggingFace, shape }) => [huggingFace, shape]));
  const tensors = Object.entries(modules).flatMap(([module, rank], index) => {
    const [rows = 0, columns = 0] = weights.get(`${module}.weight`) ?? [64, 64];
    if (module.endsWith('embed_tokens')) return [entry(adapterTensorName(module, 'embeddingA'), [rank, rows], index), entry(adapterTensorName(module, 'embeddingB'), [columns, rank], index + 50)];
    return [entry(adapterTensorName(module, 'a'), [rank, columns], index), entry(adapterTensorName(module, 'b'), [rows, rank], index + 50)];
  });
  await writeAdapter(folder, { config: loraAdapterConfig({ rank: 2, alpha: 4, targetModules: Object.keys(modules), baseModel: null, ...changes }), tensors });
  return folder;
}

function entry(name: string, shape: readonly [number, number], seed: number): SafetensorsEntry {
  const numbers = Float32Array.from({ length: shape[0] * shape[1] }, (_, place) => (((place * 7 + seed * 13) % 17) - 8) / 64);
  return { name, dtype: 'F32', shape, bytes: new Uint8Array(numbers.buffer) };
}
