import { openSourceModel } from '../exporters/source-model.js';

/** Every tensor of a model folder as numbers, by its name, as our own reader has it. */
export async function folderValues(folder: string): Promise<Map<string, Float32Array>> {
  await using model = await openSourceModel(folder);
  const found = new Map<string, Float32Array>();
  for (const { huggingFace, shape, stored } of model.family.weights.tensors(model.config)) found.set(huggingFace, await model.weights.values(huggingFace, stored === 'transposed' ? shape.toReversed() : shape));
  return found;
}
