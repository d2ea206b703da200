/** Models and adapters made into one model, in weight space. */
export { makeMergedModel, type MakeMergedModelOptions, type MergedModel } from './make-merged-model.js';
export { compressDelta, paperGroups, type CompressDeltaOptions, type DeltaCompression } from './delta/compress-delta.js';
export type { PrecisionGroup } from './delta/compress-matrix.js';
export { restoreDelta, type RestoreDeltaOptions } from './delta/restore-delta.js';
export { examineMerge, type Examination } from './examine-merge.js';
export { mergeModels, type MergeReport } from './merge-models.js';
export type { MergeConfiguration } from './merge-configuration.js';
export type { ConfiguredMergeOptions, MergeOptions, SimpleMergeOptions } from './merge-request.js';
export { extractAdapter, type AdapterExtraction, type ExtractAdapterOptions } from './extract-adapter.js';
export { adapterCombinations, mergeAdapters, type AdapterCombination, type AdapterMerge, type MergeAdaptersOptions } from './merge-adapters.js';
export { MergeError } from './merge-error.js';
export type { LowRankUpdate, MergeInput, MergeMethod, MergeParameter, MergeSurvey, TakesModels, WeightRole } from './merge-method.js';
export { MergeParameters } from './merge-parameters.js';
export { findMergeMethod, methods } from './methods.js';
export { tensorSeed } from './tensor-seed.js';
