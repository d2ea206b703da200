export { containsAnswer, normalizeAnswer } from './contains-answer.js';
export { evaluateModel, type EvaluateModelOptions, type Evaluation } from './evaluate-model.js';
export { EvaluationError } from './evaluation-error.js';
export type { EvaluationTask, ItemScore, TaskSettings } from './task.js';
export { findTask, tasks } from './tasks.js';
