export type { CheckpointPlace } from './checkpoints.js';
export { planTraining, type MemoryParts, type TrainingPlan } from './plan-training.js';
export { trainModel, type TrainPlaces } from './train-model.js';
export type { LoraOptions, TrainOptions, TrainReport, TuningMethodOptions } from './train-options.js';
export { TrainingError } from './training-error.js';
