export { trainModel } from './train-model.js';
export type { LoraOptions, TrainOptions, TrainReport, TuningMethodOptions } from './train-options.js';
export { TrainingError } from './training-error.js';
