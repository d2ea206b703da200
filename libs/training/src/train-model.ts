import { mkdir } from 'node:fs/promises';
import { loadModel } from '@tunesmith/models';
import { manualSeed, memoryUse, resetPeakMemory, type WorkContext } from '@tunesmith/tensor';
import type { Example } from './objective.js';
import { objectiveFor } from './objectives.js';
import type { OptimizedParameter } from './optimizer.js';
import { makeOptimizer } from './optimizers.js';
import { planPasses } from './plan-passes.js';
import { learningRateAt } from './schedules.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import { trainStep } from './train-step.js';
import { TrainingError } from './training-error.js';
import { readMaterial } from './training-material.js';
import { tuningMethod } from './tuning-methods.js';

/**
 * Tunes a model on the training rows of a dataset and writes an adapter folder (LoRA and its kin) or a model folder.
 * The same options give the same bytes on the same machine: order and initial values follow from the seed.
 *
 * @throws TrainingError `nothing-to-train`, `loss-not-finite` (with the step and its rows), and the errors of reading the
 *   model, the dataset and the template. Stops with the signal's reason between steps.
 */
export async function trainModel(options: TrainOptions, outFolder: string, context: WorkContext): Promise<TrainReport> {
  using kept = new DisposableStack();
  const objective = objectiveFor(await readMaterial(options));
  kept.defer(() => objective[Symbol.dispose]?.());
  const { examples } = await objective.examples('train');
  if (examples.length === 0) throw new TrainingError('nothing-to-train', 'train: expected at least one row of the training split; the dataset has none.', { folder: options.datasetFolder });
  const passes = planPasses(examples, options);

  manualSeed(options.seed);
  resetPeakMemory();
  context.onProgress({ phase: 'load', done: 0 });
  const method = tuningMethod(options);
  const loaded = await loadModel(options.modelFolder, { dtype: method.dtype, ...(method.parts ? { parts: method.parts } : {}) });
  using model = loaded.model;
  method.initialize?.(model);
  const parameters = [...method.trainable(model)].map(([name, tensor]): OptimizedParameter => ({ name, tensor, learningRateFactor: method.learningRateFactor?.(name) ?? 1 }));
  using optimizer = method.optimizer?.(parameters) ?? makeOptimizer(parameters, options.optimizer);
  await objective.open?.(context);
  await objective.begin?.(model, examples, context);

  const { steps } = passes;
  const loss: number[] = [];
  let tokens = 0;
  let rowsSeen = 0;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  for (let step = 0; step < steps; step += 1) {
    context.signal.throwIfAborted();
    const taken = passes.of(step);
    const learningRate = learningRateAt(step, { ...options, peak: options.learningRate, steps, name: options.schedule });
    const result = trainStep({ model, method, objective, parameters, optimizer }, taken, { step, steps, learningRate, maxGradientNorm: options.maxGradientNorm });
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) throw notFinite(step, taken.flat(), result);
    loss.push(result.loss);
    tokens += result.tokens;
    rowsSeen += taken.flat().length;
    context.onProgress({
      phase: 'train', done: step + 1, total: steps, unit: 'steps',
      metrics: { loss: result.loss, gradientNorm: result.gradientNorm, learningRate, tokensPerSecond: tokens / seconds(), memoryBytes: memoryUse().liveBytes },
    });
    // A step is synchronous; this lets an abort in, and progress out.
    await new Promise(setImmediate);
  }
  const trained = seconds();

  context.onProgress({ phase: 'save', done: 0 });
  await mkdir(outFolder, { recursive: true });
  await method.save(model, loaded, outFolder);
  const count = (tensors: Iterable<{ size: number }>): number => [...tensors].reduce((sum, { size }) => sum + size, 0);
  return {
    method: method.name, objective: objective.name, rows: examples.length, steps, loss,
    trainableParameters: count(parameters.map(({ tensor }) => tensor)), totalParameters: count(model.parameters().values()),
    tokensPerSecond: tokens / trained, rowsPerSecond: rowsSeen / trained, peakMemoryBytes: memoryUse().peakBytes, seconds: trained,
  };
}

function notFinite(step: number, batch: readonly Example[], result: { loss: number; gradientNorm: number }): TrainingError {
  return new TrainingError(
    'loss-not-finite',
    `train: expected a finite loss and gradient; got loss ${result.loss} and gradient norm ${result.gradientNorm} at step ${step + 1} on rows ${batch.map(({ index }) => index + 1).join(', ')}. Nothing was kept. Try a lower learning rate, or dtype float32.`,
    { step: step + 1, rows: batch.map(({ index }) => index + 1), loss: String(result.loss), gradientNorm: String(result.gradientNorm) },
  );
}
