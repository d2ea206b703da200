import { memoryUse } from '@tunesmith/tensor';
import type { LoadedTrainee } from './load-trainee.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import type { TrainingProgress } from './training-progress.js';

export function trainReport({ keep }: TrainOptions, { step, loss, evaluations, best, stopped, tokens, rows, seconds, processorSeconds }: TrainingProgress, { method, objective, parameters, model }: LoadedTrainee, examples: number): TrainReport {
  const count = (tensors: Iterable<{ size: number }>): number => [...tensors].reduce((sum, { size }) => sum + size, 0);
  return {
    method: method.name, objective: objective.name, rows: examples, steps: step, loss,
    ...(evaluations.length > 0 ? { evaluations, stoppedEarly: stopped, keptStep: keep === 'best' ? (best.best?.step ?? step) : step } : {}),
    trainableParameters: count(parameters.map(({ tensor }) => tensor)), totalParameters: count(model.parameters().values()),
    tokensPerSecond: tokens / seconds, rowsPerSecond: rows / seconds, peakMemoryBytes: memoryUse().peakBytes, seconds,
    ...(processorSeconds !== undefined && { processorSecondsPerRow: processorSeconds / rows }),
  };
}
