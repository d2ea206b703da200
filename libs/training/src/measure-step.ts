import { memoryUse, resetPeakMemory, scope } from '@tunesmith/tensor';
import { cutPass, shortenPass } from './cut-pass.js';
import type { LoadedTrainee } from './load-trainee.js';
import type { Example } from './objective.js';
import { tokensOf } from './tokens-of.js';
import type { TrainOptions } from './train-options.js';
import { trainStep, type StepOptions } from './train-step.js';
import type { StepPlace } from './tuning-method.js';

/** Of one step of one pass. */
export interface StepMeasure {
  readonly tokens: number;
  /** Tensor memory at its highest above what lay there before: activations, gradients, workspace. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Of a step, and of its forward pass alone, as evaluations take. */
export interface PassMeasure extends StepMeasure {
  readonly forwardSeconds: number;
}

export interface MeasureOptions {
  /** Of the whole training, since a method may ask for as many. */
  readonly steps: number;
  /** Tokens that may be tried. */
  readonly tokens: number;
  /** Forward only: where the gradients themselves are too much for a trial. */
  readonly forwardOnly: boolean;
}

/**
 * What a step on `pass` takes: tried where it is small enough, else tried on two smaller ones like it and drawn out in a straight line, since
 * everything that attention over packed rows keeps grows with the tokens.
 */
export function measureStep(trainee: LoadedTrainee, pass: readonly Example[], { objective, maxGradientNorm }: TrainOptions, { steps, tokens, forwardOnly }: MeasureOptions): PassMeasure {
  const first: StepPlace = { step: 0, steps };
  const whole = tokensOf(pass);
  const sizes = tokens >= whole ? [whole] : [tokens / 4, tokens];
  // Others know their examples as they made them.
  const isCut = objective.kind === 'sft' || objective.kind === 'pretrain';
  const passes = sizes.map((size, index) => (size === whole ? pass : isCut ? cutPass(pass, size) : shortenPass(pass, size, index + 1)));
  const largest = passes.at(-1)!;
  tryForward(trainee, passes[0]!, first); // warms caches up
  const forward = drawnOut(passes.map((each) => tryForward(trainee, each, first)), whole);
  // The gradients of all parameters lie there at the end of a backward pass, the activations at its beginning: the larger of both counts, and
  // on a pass that is cut short that may be the other one.
  if (forwardOnly) return { ...forward, bytes: Math.max(forward.bytes, bytesOfGradients(trainee)), seconds: forward.seconds * 3, forwardSeconds: forward.seconds };
  const step = drawnOut((largest === pass ? [pass] : passes).map((each) => tryStep(trainee, each, { ...first, maxGradientNorm })), whole);
  return { ...step, bytes: Math.max(step.bytes, forward.bytes), forwardSeconds: forward.seconds };
}

/** The line through the last two measures, at `tokens`. */
function drawnOut(measures: readonly StepMeasure[], tokens: number): StepMeasure {
  const [first, second] = [measures[0]!, measures.at(-1)!];
  if (second.tokens === tokens) return second;
  const slope = (of: 'bytes' | 'seconds'): number => (second.tokens > first.tokens ? (second[of] - first[of]) / (second.tokens - first.tokens) : second[of] / second.tokens);
  const at = (of: 'bytes' | 'seconds'): number => Math.max(second[of], second[of] + slope(of) * (tokens - second.tokens));
  return { tokens, bytes: at('bytes'), seconds: at('seconds') };
}

function tryStep(trainee: LoadedTrainee, pass: readonly Example[], options: Omit<StepOptions, 'learningRate'>): StepMeasure {
  return measured(pass, () => void trainStep(trainee, [pass], { ...options, learningRate: 0 }));
}

function tryForward({ model, objective, method }: LoadedTrainee, pass: readonly Example[], place: StepPlace): StepMeasure {
  method.beforeStep?.(place);
  const measure = measured(pass, () => scope(() => void objective.loss(model, pass, 1)));
  method.afterBackward?.(place);
  return measure;
}

function measured(pass: readonly Example[], body: () => void): StepMeasure {
  resetPeakMemory();
  const before = memoryUse().liveBytes;
  const started = performance.now();
  body();
  return { tokens: tokensOf(pass), bytes: memoryUse().peakBytes - before, seconds: (performance.now() - started) / 1000 };
}

function bytesOfGradients({ parameters }: LoadedTrainee): number {
  return parameters.reduce((sum, { tensor }) => sum + tensor.byteLength, 0);
}
