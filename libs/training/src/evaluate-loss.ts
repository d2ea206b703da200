import type { CausalLanguageModel } from '@tunesmith/models';
import { noGrad, scope, type WorkContext } from '@tunesmith/tensor';
import type { Example, Objective } from './objective.js';
import { TrainingError } from './training-error.js';

export interface EvaluateLossOptions {
  /** Examples of one forward pass; with `packing` as many as hold `batch` times maxLength tokens. */
  readonly batch: number;
  readonly packing?: boolean;
  readonly maxLength?: number;
}

/**
 * The loss of held-out examples as a training step of them all would tell it: each by its weight. Without gradients; and between steps, where no
 * dropout and no noise is (`StepNoise`).
 *
 * @throws TrainingError `nothing-to-evaluate`, `loss-not-finite` with the rows. Stops with the signal's reason between passes.
 */
export async function evaluateLoss(model: CausalLanguageModel, objective: Objective, examples: readonly Example[], options: EvaluateLossOptions, context: WorkContext): Promise<number> {
  const denominator = examples.reduce((sum, { weight }) => sum + weight, 0);
  if (denominator === 0) throw nothingToEvaluate(examples.length);
  let loss = 0;
  let done = 0;
  for (const pass of passesOf(examples, options)) {
    context.signal.throwIfAborted();
    const part = noGrad(() => scope(() => objective.loss(model, pass, denominator).item()));
    if (!Number.isFinite(part)) {
      const rows = pass.map(({ index }) => index + 1);
      throw new TrainingError('loss-not-finite', `train: expected a finite loss of the held-out rows; got ${part} on rows ${rows.join(', ')}. Try a lower learning rate, or dtype float32.`, { rows, loss: String(part) });
    }
    loss += part;
    context.onProgress({ phase: 'evaluate', done: (done += pass.length), total: examples.length, unit: 'rows' });
    // A pass is synchronous; this lets an abort in, and progress out.
    await new Promise(setImmediate);
  }
  return loss;
}

/** For callers that find it out before a model is loaded. */
export function nothingToEvaluate(examples: number): TrainingError {
  return new TrainingError('nothing-to-evaluate', 'train: expected held-out rows to evaluate on (the validation split); the dataset has none with anything to learn. Mark rows with "split":"validation", or leave evaluateEvery out.', { examples });
}

/** In their order. */
function passesOf(examples: readonly Example[], { batch, packing = false, maxLength = Infinity }: EvaluateLossOptions): Example[][] {
  const passes: Example[][] = [];
  let tokens = 0;
  for (const example of examples) {
    const last = passes.at(-1);
    const fits = packing ? tokens + example.tokens <= batch * maxLength : (last?.length ?? 0) < batch;
    if (last && fits) last.push(example);
    else passes.push([example]);
    tokens = last && fits ? tokens + example.tokens : example.tokens;
  }
  return passes;
}
