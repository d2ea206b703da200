import { judgeLoss, nothingEvaluated, type BestLoss } from './best-loss.js';
import type { Evaluation } from './evaluation.js';
import type { StepResult } from './train-step.js';

/** How far a training is, as plain data: the part of a checkpoint that is no tensor. Nothing random is in it: that follows from seed and step. */
export interface TrainingProgress {
  /** Steps that are done. */
  readonly step: number;
  /** Of every step. */
  readonly loss: readonly number[];
  /** Of all attempts; what the order of the data goes by, too. */
  readonly evaluations: readonly Evaluation[];
  readonly best: BestLoss;
  /** The evaluations said that more steps are of no use. */
  readonly stopped: boolean;
  readonly tokens: number;
  readonly rows: number;
  /** In steps, over all attempts. */
  readonly seconds: number;
  /** The same as seconds of processor time, which do not hang on what else the machine does. Absent in a checkpoint that knows nothing of them. */
  readonly processorSeconds?: number;
}

/** What a step took. */
export interface StepTime {
  readonly seconds: number;
  readonly processorSeconds: number;
}

export const nothingTrained: TrainingProgress = { step: 0, loss: [], evaluations: [], best: nothingEvaluated, stopped: false, tokens: 0, rows: 0, seconds: 0, processorSeconds: 0 };

export function afterStep(progress: TrainingProgress, { loss, tokens }: StepResult, rows: number, { seconds, processorSeconds }: StepTime): TrainingProgress {
  const { processorSeconds: before } = progress;
  return { ...progress, step: progress.step + 1, loss: [...progress.loss, loss], tokens: progress.tokens + tokens, rows: progress.rows + rows, seconds: progress.seconds + seconds, ...(before !== undefined && { processorSeconds: before + processorSeconds }) };
}

/** An evaluation before the first step is of the model as it came, which is no result: it is noted and not judged. */
export function afterEvaluation(progress: TrainingProgress, found: Omit<Evaluation, 'step'>, patience: number | undefined): { readonly progress: TrainingProgress; readonly isBest: boolean } {
  const evaluated: Evaluation = { step: progress.step, ...found };
  if (progress.step === 0) return { progress: { ...progress, evaluations: [evaluated] }, isBest: false };
  const { state, isBest, stop } = judgeLoss(progress.best, evaluated, patience);
  return { progress: { ...progress, evaluations: [...progress.evaluations, evaluated], best: state, stopped: stop }, isBest };
}
