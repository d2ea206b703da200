/** Language models by family: configurations, weights, forward passes. */
export { checkWeights, ModelWeightsError } from './check-weights.js';
export { conversationFormat } from './conversation-format.js';
export { expectSource } from './expect-source.js';
export { families, familyFor, familyForGguf } from './families.js';
export { gemma3 } from './gemma3/index.js';
export type { Gemma3Config } from './gemma3/config.js';
export { ImportModelError } from './import-model-error.js';
export { importModel, type ImportedModel } from './import-model.js';
export { llama } from './llama/index.js';
export type { LlamaConfig } from './llama/config.js';
export { loadModel, type LoadedModel, type LoadModelOptions } from './load-model.js';
export { ModelConfigError } from './model-config-error.js';
export type { CausalLanguageModel, FamilyWeights, GgufConfigSource, GgufMapping, ModelFamily, WeightName, WeightTransform } from './model-family.js';
export { qwen2 } from './qwen2/index.js';
export type { Qwen2Config } from './qwen2/config.js';
export { qwen3 } from './qwen3/index.js';
export type { Qwen3Config } from './qwen3/config.js';
