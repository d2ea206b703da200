import { mkdir } from 'node:fs/promises';
import { batchesPerEpoch, batchRows, collectRows, encodeRows, packRows, type EncodedRow, type RowOrder } from '@tunesmith/datasets';
import { conversationFormat, loadModel } from '@tunesmith/models';
import { manualSeed, memoryUse, resetPeakMemory, type WorkContext } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';
import { AdamW, adamWDefaults } from './optimizers/adamw.js';
import { learningRateAt } from './schedules.js';
import type { TrainOptions, TrainReport } from './train-options.js';
import { trainStep } from './train-step.js';
import { TrainingError } from './training-error.js';
import { tuningMethod } from './tuning-methods.js';

/**
 * Tunes a model on the training rows of a dataset and writes an adapter folder (LoRA) or a model folder (full tuning).
 * The same options give the same bytes on the same machine: order and initial values follow from the seed.
 *
 * @throws TrainingError `nothing-to-train`, `loss-not-finite` (with the step and its rows), and the errors of reading the
 *   model, the dataset and the template. Stops with the signal's reason between steps.
 */
export async function trainModel(options: TrainOptions, outFolder: string, context: WorkContext): Promise<TrainReport> {
  const rows = await trainingRows(options);
  const order: RowOrder = { rows: rows.length, batch: options.batch, order: options.order, seed: options.seed };
  const steps = options.steps ?? Math.max(1, Math.round(batchesPerEpoch(order) * options.epochs));

  manualSeed(options.seed);
  resetPeakMemory();
  context.onProgress({ phase: 'load', done: 0 });
  const method = tuningMethod(options);
  const loaded = await loadModel(options.modelFolder, { dtype: method.dtype, ...(method.parts ? { parts: method.parts } : {}) });
  using model = loaded.model;
  const trainable = method.trainable(model);
  const parameters = [...trainable.values()];
  using optimizer = new AdamW(parameters, { ...adamWDefaults, weightDecay: options.weightDecay });

  const loss: number[] = [];
  let tokens = 0;
  let rowsSeen = 0;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  for (let step = 0; step < steps; step += 1) {
    context.signal.throwIfAborted();
    const batch = batchRows(step, order).map((index) => rows[index]!);
    const result = trainStep(model, parameters, optimizer, packRows(batch), {
      learningRate: learningRateAt(step, { name: options.schedule, peak: options.learningRate, steps, warmupRatio: options.warmupRatio }),
      maxGradientNorm: options.maxGradientNorm,
    });
    if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) throw notFinite(step, batch, result);
    loss.push(result.loss);
    tokens += result.tokens;
    rowsSeen += batch.length;
    context.onProgress({ phase: 'train', done: step + 1, total: steps, unit: 'steps', metrics: { loss: result.loss, gradientNorm: result.gradientNorm, tokensPerSecond: tokens / seconds() } });
    // A step is synchronous; this lets an abort in, and progress out.
    await new Promise(setImmediate);
  }
  const trained = seconds();

  context.onProgress({ phase: 'save', done: 0 });
  await mkdir(outFolder, { recursive: true });
  await method.save(model, loaded, outFolder);
  const count = (tensors: Iterable<{ size: number }>): number => [...tensors].reduce((sum, { size }) => sum + size, 0);
  return {
    method: method.name, rows: rows.length, steps, loss,
    trainableParameters: count(parameters), totalParameters: count(model.parameters().values()),
    tokensPerSecond: tokens / trained, rowsPerSecond: rowsSeen / trained, peakMemoryBytes: memoryUse().peakBytes, seconds: trained,
  };
}

async function trainingRows(options: TrainOptions): Promise<EncodedRow[]> {
  const tokenizer = await Tokenizer.fromFolder(options.modelFolder);
  const format = await conversationFormat(options.modelFolder);
  if (!format) {
    throw new TrainingError('no-chat-template', 'train: expected a chat template (chat_template.jinja, or chat_template in tokenizer_config.json) in the model; it has none. Tune an instruct model, or add the template.', { folder: options.modelFolder });
  }
  const rows = await collectRows(options.datasetFolder, { split: 'train' });
  if (rows.length === 0) throw new TrainingError('nothing-to-train', 'train: expected at least one row of the training split; the dataset has none.', { folder: options.datasetFolder });
  return encodeRows(rows, tokenizer, format, { maxLength: options.maxLength });
}

function notFinite(step: number, batch: readonly EncodedRow[], result: { loss: number; gradientNorm: number }): TrainingError {
  return new TrainingError(
    'loss-not-finite',
    `train: expected a finite loss and gradient; got loss ${result.loss} and gradient norm ${result.gradientNorm} at step ${step + 1} on rows ${batch.map(({ index }) => index + 1).join(', ')}. Nothing was kept. Try a lower learning rate, or dtype float32.`,
    { step: step + 1, rows: batch.map(({ index }) => index + 1), loss: String(result.loss), gradientNorm: String(result.gradientNorm) },
  );
}
