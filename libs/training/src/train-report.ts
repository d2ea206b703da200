import { memoryUse } from '@tunesmith/tensor';
import type { LoadedTrainee } from './load-trainee.js';
import { totalParameters } from './total-parameters.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import type { TrainingProgress } from './training-progress.js';

export function trainReport({ keep }: TrainOptions, { step, loss, evaluations, best, stopped, tokens, rows, seconds, processorSeconds }: TrainingProgress, { method, objective, parameters, model }: LoadedTrainee, examples: number): TrainReport {
  return {
    method: method.name, objective: objective.name, rows: examples, steps: step, loss,
    ...(evaluations.length > 0 ? { evaluations, stoppedEarly: stopped, keptStep: keep === 'best' ? (best.best?.step ?? step) : step } : {}),
    trainableParameters: parameters.reduce((sum, { tensor }) => sum + tensor.size, 0), totalParameters: totalParameters(model),
    tokensPerSecond: tokens / seconds, rowsPerSecond: rows / seconds, peakMemoryBytes: memoryUse().peakBytes, seconds,
    ...(processorSeconds !== undefined && { processorSecondsPerRow: processorSeconds / rows }),
  };
}
