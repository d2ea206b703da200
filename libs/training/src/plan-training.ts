import { readModelFolder, elementCount } from '@tunesmith/checkpoints';
import { memoryUse, type WorkContext } from '@tunesmith/tensor';
import type { DataOrder } from './data-order.js';
import { loadTrainee } from './load-trainee.js';
import { measureStep } from './measure-step.js';
import type { Example, Objective } from './objective.js';
import { prepareTraining } from './prepare-training.js';
import { tokensOf } from './tokens-of.js';
import { totalParameters } from './total-parameters.js';
import type { TrainOptions } from './train-options.js';

/** What a training would take. */
export interface TrainingPlan {
  readonly method: string;
  readonly objective: string;
  readonly rows: number;
  readonly steps: number;
  readonly epochs: number;
  /** Of all steps. */
  readonly tokens: number;
  /** On average. */
  readonly tokensPerStep: number;
  readonly largestPassTokens: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Of the process, at its highest: the sum of the parts. */
  readonly predictedPeakMemoryBytes: number;
  readonly memoryParts: MemoryParts;
  /** With evaluations. */
  readonly predictedSeconds: number;
  /** Of training. */
  readonly predictedTokensPerSecond: number;
  readonly evaluations: number;
  readonly predictedEvaluationSeconds: number;
}

/** Bytes. */
export interface MemoryParts {
  /** The process with the rows, without tensors. */
  readonly runtime: number;
  /** With adapters, and a teacher where there is one. */
  readonly weights: number;
  readonly optimizer: number;
  /** Gradients, activations and workspace of the largest pass. */
  readonly step: number;
  /** Freed memory that is kept for the next step, and what the libraries of matrix products take. */
  readonly kept: number;
}

export interface PlanOptions {
  /** Floating point operations that trying may take. The more, the closer. */
  readonly operations?: number;
}

/** `kept` as a share of `step`: 1.07 to 1.15 on SmolLM2-135M by LoRA (batch 2 and 4) and in full, resident memory at its highest less the other parts. */
const keptShare = 1.1;

/** Parts of the memory of this process that a trial may fill with gradients and moments. */
const trialShare = 1 / 4;

/**
 * What a training would take, without starting it: counts from the rows, and memory and time from a step that is tried on a model of the same
 * shape, whose weights are not read (pages that nobody writes take no memory). So it follows whatever the method, the family and the kernels
 * do. The trial takes `operations`; larger passes are drawn out from smaller ones.
 *
 * @throws TrainingError as `trainModel` before its first step.
 */
export async function planTraining(options: TrainOptions, context: WorkContext, { operations = 1.5e12 }: PlanOptions = {}): Promise<TrainingPlan> {
  const { objective, examples, heldOut, order } = await prepareTraining(options, context);
  const counted = countTokens(order);
  context.onProgress({ phase: 'plan', done: 0 });

  const parameters = await parametersOf(options.modelFolder);
  const before = memoryUse();
  const runtime = process.memoryUsage.rss() - before.liveBytes - before.cachedBytes;
  using trainee = await loadTrainee(options, objective, 'unfilled');
  await prepare(objective, trainee.model, counted.largest, context);
  const optimizer = bytesOf(trainee.optimizer.state().values());
  const weights = memoryUse().liveBytes - before.liveBytes - optimizer;
  const step = measureStep(trainee, counted.largest, options, {
    steps: order.steps,
    tokens: Math.max(16, Math.floor(operations / (6 * parameters))),
    forwardOnly: bytesOf(trainee.parameters.map(({ tensor }) => tensor)) * 2 > process.availableMemory() * trialShare,
  });

  const memoryParts: MemoryParts = { runtime, weights, optimizer, step: step.bytes, kept: Math.round(step.bytes * keptShare) };
  const predictedTokensPerSecond = step.tokens / step.seconds;
  const evaluations = options.evaluateEvery === undefined ? 0 : Math.ceil(order.steps / options.evaluateEvery) + (order.evaluatesFirst ? 1 : 0);
  const predictedEvaluationSeconds = (evaluations * tokensOf(heldOut) * step.forwardSeconds) / step.tokens;
  return {
    method: trainee.method.name, objective: objective.name, rows: examples.length, steps: order.steps, epochs: counted.examples / examples.length,
    tokens: counted.tokens, tokensPerStep: counted.tokens / order.steps, largestPassTokens: step.tokens,
    trainableParameters: trainee.parameters.reduce((sum, { tensor }) => sum + tensor.size, 0), totalParameters: totalParameters(trainee.model),
    predictedPeakMemoryBytes: Object.values(memoryParts).reduce((sum, part) => sum + part, 0), memoryParts,
    predictedSeconds: counted.tokens / predictedTokensPerSecond + predictedEvaluationSeconds, predictedTokensPerSecond, evaluations, predictedEvaluationSeconds,
  };
}

async function prepare(objective: Objective, model: Parameters<NonNullable<Objective['begin']>>[0], examples: readonly Example[], context: WorkContext): Promise<void> {
  await objective.open?.(context);
  await objective.begin?.(model, examples, context);
}

/** All steps of a short training; of a longer one those that can be counted in a moment, for the others the average. */
function countTokens({ steps, of }: DataOrder): { tokens: number; examples: number; largest: readonly Example[] } {
  const deadline = performance.now() + 1000;
  let [tokens, examples, counted, largestTokens] = [0, 0, 0, -1];
  let largest: readonly Example[] = [];
  for (; counted < steps && (counted < 8 || performance.now() < deadline); counted += 1) {
    for (const pass of of(counted, [])) {
      const size = tokensOf(pass);
      tokens += size;
      examples += pass.length;
      if (size > largestTokens) [largest, largestTokens] = [pass, size];
    }
  }
  return { tokens: Math.round((tokens / counted) * steps), examples: Math.round((examples / counted) * steps), largest };
}

function bytesOf(tensors: Iterable<{ readonly byteLength: number }>): number {
  return [...tensors].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

async function parametersOf(folder: string): Promise<number> {
  await using model = await readModelFolder(folder);
  return [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
}
