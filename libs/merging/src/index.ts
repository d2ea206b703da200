/** Models and adapters made into one model, in weight space. */
export { mergeModels, type MergeOptions, type MergeReport } from './merge-models.js';
export { MergeError } from './merge-error.js';
export type { MergeInput, MergeMethod } from './merge-method.js';
export { methods } from './methods.js';
