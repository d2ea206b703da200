import { storedShape } from '@tunesmith/models';
import type { SourceModel } from '../source-model.js';
import type { StoredFloats } from '../weight-reader.js';

/** What the embedding is stored in. */
export function modelDtype({ family, config, weights }: SourceModel): StoredFloats['dtype'] {
  const embedding = family.weights.tensors(config).find(({ gguf }) => gguf === 'token_embd.weight')!;
  return weights.stored(embedding.huggingFace, storedShape(embedding)).dtype;
}
