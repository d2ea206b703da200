export { EvaluatorModule, evaluatorHandlers } from './evaluator.module.js';
