import type { TrainOptions } from './train-options.js';
import { TrainingError } from './training-error.js';

/** Refuses settings with which a training would learn nothing, or not what was asked, before anything is read. Throws TrainingError `bad-settings`. */
export function checkTrainOptions({ learningRate, evaluateEvery, patience, keep, teacherFolder, objective }: TrainOptions): void {
  const refuse = (message: string, facts: Record<string, unknown>): never => {
    throw new TrainingError('bad-settings', `train: ${message}`, facts);
  };
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    refuse(`learningRate: expected a number above 0; got ${learningRate}. Nothing is learned at 0; try 2e-4 for LoRA, 2e-5 for full tuning.`, { learningRate });
  }
  if (evaluateEvery === undefined && (patience !== undefined || keep === 'best')) {
    refuse(`${patience === undefined ? 'keep best' : 'patience'}: expected evaluateEvery beside it, since only evaluations tell what is better; got none.`, { patience, keep });
  }
  if (teacherFolder !== undefined && objective.kind !== 'distill') refuse(`teacher: expected the objective distill beside it, the only one that listens to a teacher; got ${objective.kind}.`, { objective: objective.kind });
}
