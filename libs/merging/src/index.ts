/** Models and adapters made into one model, in weight space. */
export { mergeModels, type MergeOptions, type MergeReport } from './merge-models.js';
export { MergeError } from './merge-error.js';
export type { LowRankUpdate, MergeInput, MergeMethod, MergeParameter, MergeSurvey, TakesModels, WeightRole } from './merge-method.js';
export { MergeParameters } from './merge-parameters.js';
export { findMergeMethod, methods } from './methods.js';
export { tensorSeed } from './tensor-seed.js';
