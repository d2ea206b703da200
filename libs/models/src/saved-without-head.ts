import type { FamilyWeights } from './model-family.js';

/** Llama and its like, saved from the model without its head (LlamaModel), as Qwen3-Embedding is: `layers.0…` for `model.layers.0…`. */
export const savedWithoutHead: NonNullable<FamilyWeights<unknown>['spellings']> = [
  { pattern: /^(?=(?:embed_tokens|norm|layers\.\d+)\.)/, replacement: 'model.', reason: 'saved from the model without its head' },
];
