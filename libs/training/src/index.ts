export type { CheckpointPlace } from './checkpoints.js';
export { DistributionsWriter } from './distributions-writer.js';
export { compareDomains, type CompareDomainsOptions, type DomainComparison } from './domains/compare-domains.js';
export { leastMemory } from './least-memory.js';
export { planTraining, type MemoryParts, type TrainingPlan } from './plan-training.js';
export { distributionsFile, StoredDistributions, type RowDistributions } from './stored-distributions.js';
export { trainModel, type TrainPlaces } from './train-model.js';
export type { LoraOptions, TrainOptions, TrainReport, TuningMethodOptions } from './train-options.js';
export { TrainingError } from './training-error.js';
