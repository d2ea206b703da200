import { judgeLoss, nothingEvaluated, type BestLoss } from './best-loss.js';
import type { StepResult } from './train-step.js';

/** How far a training is, as plain data: the part of a checkpoint that is no tensor. Nothing random is in it: that follows from seed and step. */
export interface TrainingProgress {
  /** Steps that are done. */
  readonly step: number;
  /** Of every step. */
  readonly loss: readonly number[];
  /** `step` is the number of steps done before it. */
  readonly evaluations: readonly { readonly step: number; readonly loss: number }[];
  readonly best: BestLoss;
  /** The evaluations said that more steps are of no use. */
  readonly stopped: boolean;
  readonly tokens: number;
  readonly rows: number;
  /** In steps, over all attempts. */
  readonly seconds: number;
}

export const nothingTrained: TrainingProgress = { step: 0, loss: [], evaluations: [], best: nothingEvaluated, stopped: false, tokens: 0, rows: 0, seconds: 0 };

export function afterStep(progress: TrainingProgress, { loss, tokens }: StepResult, rows: number, seconds: number): TrainingProgress {
  return { ...progress, step: progress.step + 1, loss: [...progress.loss, loss], tokens: progress.tokens + tokens, rows: progress.rows + rows, seconds: progress.seconds + seconds };
}

export function afterEvaluation(progress: TrainingProgress, loss: number, patience: number | undefined): { readonly progress: TrainingProgress; readonly isBest: boolean } {
  const evaluated = { step: progress.step, loss };
  const { state, isBest, stop } = judgeLoss(progress.best, evaluated, patience);
  return { progress: { ...progress, evaluations: [...progress.evaluations, evaluated], best: state, stopped: stop }, isBest };
}
