import { mkdir } from 'node:fs/promises';
import { counterUniform } from '@tunesmith/datasets';
import { manualSeed, memoryUse, resetPeakMemory, trimMemory, type WorkContext } from '@tunesmith/tensor';
import { CheckpointClock } from './checkpoint-clock.js';
import type { CheckpointPlace } from './checkpoints.js';
import { evaluateLoss } from './evaluate-loss.js';
import { keepFailedStep } from './failed-step.js';
import { LiveMetrics } from './live-metrics.js';
import { loadTrainee } from './load-trainee.js';
import { openCheckpoints } from './open-checkpoints.js';
import { prepareTraining } from './prepare-training.js';
import { learningRateAt } from './schedules.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import { trainReport } from './train-report.js';
import { trainStep } from './train-step.js';
import { afterEvaluation, afterStep, nothingTrained } from './training-progress.js';
import { writeTrainingReport } from './write-training-report.js';

export interface TrainPlaces {
  /** Where checkpoints are, and are written; absent: none are. */
  readonly checkpoints?: CheckpointPlace;
  /** Gets `report.json` and `loss.svg`. */
  readonly reportFolder?: string;
}

/**
 * Tunes a model on the training rows of a dataset and writes an adapter folder (LoRA and its kin) or a model folder.
 *
 * The same options give the same bytes on the same machine with as many threads: what is random follows from the seed and the step's number
 * alone. So a training that was killed at any moment and is called again with the same checkpoints ends with the weights of one that was not.
 *
 * @throws TrainingError as `prepareTraining`, `loss-not-finite` (with the step and its batch, which is kept), `checkpoint-of-another`, and the
 *   errors of reading the model, the dataset and the template. Stops with the signal's reason between steps, after a last checkpoint.
 */
export async function trainModel(options: TrainOptions, outFolder: string, context: WorkContext, places: TrainPlaces = {}): Promise<TrainReport> {
  const { material, objective, examples, heldOut, longRows, order } = await prepareTraining(options, context);
  const { steps } = order;
  await using opened = await openCheckpoints(options, outFolder, places.checkpoints);
  const { checkpoints, failedFolder } = opened;

  context.onProgress({ phase: 'load', done: 0 });
  resetPeakMemory();
  manualSeed(options.seed);
  using trainee = await loadTrainee(options, objective);
  await objective.open?.(context);
  let progress = checkpoints.progress ?? nothingTrained;
  if (progress.step > 0) await checkpoints.restore(trainee.state());
  else await objective.begin?.(trainee.model, [...examples, ...heldOut], context);

  const live = new LiveMetrics();
  const clock = new CheckpointClock(options.saveEvery);
  let savedStep = 0;
  const save = async (isBest: boolean): Promise<void> => {
    if (savedStep !== progress.step) await clock.measured(() => checkpoints.save(progress.step, progress, trainee.state(), { isBest }));
    savedStep = progress.step;
  };
  const evaluate = async (): Promise<boolean> => {
    const found = await order.evaluate((some) => evaluateLoss(trainee.model, objective, some, options, context), progress.evaluations);
    const judged = afterEvaluation(progress, found, options.patience);
    progress = judged.progress;
    return judged.isBest;
  };
  if (order.evaluatesFirst && progress.step === 0) await evaluate();
  while (progress.step < steps && !progress.stopped) {
    const taken = order.of(progress.step, progress.evaluations);
    const learningRate = learningRateAt(progress.step, { ...options, peak: options.learningRate, steps, name: options.schedule });
    seedStep(options.seed, progress.step);
    const [started, used] = [performance.now(), process.cpuUsage()];
    const result = trainStep(trainee, taken, { step: progress.step, steps, learningRate, maxGradientNorm: options.maxGradientNorm });
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
      throw await keepFailedStep({ step: progress.step + 1, examples: taken.flat(), result, model: trainee.model, objective, tokenizer: material.tokenizer }, failedFolder);
    }
    giveBackUnused();
    progress = afterStep(progress, result, taken.flat().length, { seconds: (performance.now() - started) / 1000, processorSeconds: secondsOf(process.cpuUsage(used)) });
    context.onProgress({ phase: 'train', done: progress.step, total: steps, unit: 'steps', metrics: live.after(result, learningRate, progress.evaluations.at(-1)?.loss) });

    const isEvaluated = options.evaluateEvery !== undefined && (progress.step % options.evaluateEvery === 0 || progress.step === steps);
    const isBest = isEvaluated && (await evaluate());
    const isKept = isBest && options.keep === 'best';
    if (isKept || (places.checkpoints && clock.isDue(progress.step))) await save(isKept);
    // A step is synchronous; this lets an abort in, and progress out.
    await new Promise(setImmediate);
    if (context.signal.aborted) {
      if (places.checkpoints) await save(false);
      throw context.signal.reason as Error;
    }
    live.resume();
  }

  if (options.keep === 'best' && progress.best.best && progress.best.best.step < progress.step) await checkpoints.restoreBest(trainee.state());
  context.onProgress({ phase: 'save', done: 0 });
  await mkdir(outFolder, { recursive: true });
  await trainee.method.save(trainee.model, trainee.loaded, outFolder);
  const report = { ...trainReport(options, progress, trainee, examples.length), longRows, ...(order.fill === undefined ? {} : { packingFill: order.fill }), ...(order.report && { order: order.report }) };
  if (places.reportFolder !== undefined) await writeTrainingReport(places.reportFolder, options, steps, report);
  return report;
}

/** What a step draws follows from the seed and its number, so that a resumed training draws the same. */
function seedStep(seed: number, step: number): void {
  manualSeed(Math.floor(counterUniform(seed, 0x7e57, step) * 2 ** 32));
}

/** Steps on ever other lengths leave blocks of memory that fit no later one: kept is as much as a step needs, of what was used last. */
function giveBackUnused(): void {
  const { peakBytes, liveBytes } = memoryUse();
  trimMemory(peakBytes - liveBytes);
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}
