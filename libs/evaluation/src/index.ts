export { containsAnswer, normalizeAnswer } from './contains-answer.js';
export { importTasks, type ImportedTasks, type ImportTasksOptions } from './definitions/import-tasks.js';
export { detectDomains, type Detection, type DetectOptions, type JudgeSource } from './detection/detect-domains.js';
export { sixDomains, type DomainLabels } from './detection/domain-labels.js';
export { evaluateModel, type EvaluateModelOptions, type Evaluation } from './evaluate-model.js';
export { EvaluationError } from './evaluation-error.js';
export type { ItemScore, Plan, PlannedGroup, PlannedItem, PlannedTask } from './planned-task.js';
export type { EvaluationTask, PlanOptions, TaskSettings, TaskSources } from './task.js';
export { findTask, tasks } from './tasks.js';
