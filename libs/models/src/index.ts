/** Language models by family: configurations, weights, forward passes. */
export { checkWeights, ModelWeightsError } from './check-weights.js';
export { families, familyFor, familyForGguf } from './families.js';
export { loadModel, type LoadedModel, type LoadModelOptions } from './load-model.js';
export { ModelConfigError } from './model-config-error.js';
export type { CausalLanguageModel, FamilyWeights, GgufConfigSource, GgufMapping, ModelFamily, WeightName, WeightTransform } from './model-family.js';
