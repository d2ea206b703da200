import type { CausalLanguageModel } from '@tunesmith/models';
import { scope } from '@tunesmith/tensor';
import { clipGradients } from './clip-gradients.js';
import type { Example, Objective } from './objective.js';
import type { OptimizedParameter, Optimizer } from './optimizer.js';
import { tokensOf } from './tokens-of.js';
import type { StepPlace, TuningMethod } from './tuning-method.js';

/** What takes part in every step. */
export interface Trainee {
  readonly model: CausalLanguageModel;
  readonly method: Pick<TuningMethod, 'beforeStep' | 'penalty' | 'afterBackward' | 'afterStep'>;
  readonly objective: Objective;
  readonly parameters: readonly OptimizedParameter[];
  readonly optimizer: Optimizer;
}

export interface StepOptions extends StepPlace {
  readonly learningRate: number;
  readonly maxGradientNorm: number;
}

export interface StepResult {
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** All tokens of the step, trained or not. */
  readonly tokens: number;
}

/**
 * One optimizer step: forward and backward for each pass, clip, update. The loss is that of all passes as one big batch. Every tensor made
 * on the way is freed. Where loss or gradient is not finite nothing is updated.
 */
export function trainStep({ model, method, objective, parameters, optimizer }: Trainee, passes: readonly (readonly Example[])[], options: StepOptions): StepResult {
  method.beforeStep?.(options);
  objective.beforeStep?.(options);
  const examples = passes.flat();
  const denominator = examples.reduce((sum, { weight }) => sum + weight, 0);
  let loss = 0;
  for (const pass of passes) loss += backward(() => objective.loss(model, pass, denominator));
  if (method.penalty) loss += backward(() => method.penalty?.() ?? null);
  method.afterBackward?.(options);
  const gradientNorm = clipGradients(parameters.map(({ tensor }) => tensor), options.maxGradientNorm);
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
    optimizer.step(options.learningRate);
    method.afterStep?.(options);
  }
  optimizer.zeroGradients();
  return { loss, gradientNorm, tokens: tokensOf(examples) };
}

function backward(forward: () => ReturnType<Objective['loss']> | null): number {
  return scope(() => {
    const loss = forward();
    if (!loss) return 0;
    loss.backward();
    return loss.item();
  });
}
