import { memoryUse, resetPeakMemory, scope } from '@tunesmith/tensor';
import { cutPass, shortenPass } from './cut-pass.js';
import type { LoadedTrainee } from './load-trainee.js';
import type { Example } from './objective.js';
import type { TrainOptions } from './train-options.js';
import { trainStep } from './train-step.js';

/** Of one step of one pass. */
export interface StepMeasure {
  readonly tokens: number;
  /** Tensor memory at its highest above what lay there before: activations, gradients, workspace. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface MeasureOptions {
  /** Tokens that may be tried. */
  readonly tokens: number;
  /** Forward only: where the gradients themselves are too much for a trial. */
  readonly forwardOnly: boolean;
}

/**
 * What a step on `pass` takes: tried where it is small enough, else tried on two smaller ones like it and drawn out in a straight line, since
 * everything that attention over packed rows keeps grows with the tokens.
 */
export function measureStep(trainee: LoadedTrainee, pass: readonly Example[], options: TrainOptions, { tokens, forwardOnly }: MeasureOptions): StepMeasure {
  const whole = tokensOf(pass);
  const sizes = tokens >= whole ? [whole] : [tokens / 4, tokens];
  // Others know their examples as they made them.
  const isCut = options.objective.kind === 'sft' || options.objective.kind === 'pretrain';
  const passes = sizes.map((size, index) => (size === whole ? pass : isCut ? cutPass(pass, size) : shortenPass(pass, size, index + 1)));
  const largest = passes.at(-1)!;
  tryForward(trainee, passes[0]!); // warms caches up
  const forward = drawnOut(passes.map((each) => tryForward(trainee, each)), whole);
  // The gradients of all parameters lie there at the end of a backward pass, the activations at its beginning: the larger of both counts, and
  // on a pass that is cut short that may be the other one.
  if (forwardOnly) return { ...forward, bytes: Math.max(forward.bytes, bytesOfGradients(trainee)), seconds: forward.seconds * 3 };
  const step = drawnOut((largest === pass ? [pass] : passes).map((each) => tryStep(trainee, each, options)), whole);
  return { ...step, bytes: Math.max(step.bytes, forward.bytes) };
}

/** The line through the last two measures, at `tokens`. */
function drawnOut(measures: readonly StepMeasure[], tokens: number): StepMeasure {
  const [first, second] = [measures[0]!, measures.at(-1)!];
  if (second.tokens === tokens) return second;
  const slope = (of: 'bytes' | 'seconds'): number => (second.tokens > first.tokens ? (second[of] - first[of]) / (second.tokens - first.tokens) : second[of] / second.tokens);
  const at = (of: 'bytes' | 'seconds'): number => Math.max(second[of], second[of] + slope(of) * (tokens - second.tokens));
  return { tokens, bytes: at('bytes'), seconds: at('seconds') };
}

function tryStep(trainee: LoadedTrainee, pass: readonly Example[], { maxGradientNorm }: TrainOptions): StepMeasure {
  return measured(pass, () => void trainStep(trainee, [pass], { step: 0, steps: 1, learningRate: 0, maxGradientNorm }));
}

function tryForward({ model, objective, method }: LoadedTrainee, pass: readonly Example[]): StepMeasure {
  method.beforeStep?.({ step: 0, steps: 1 });
  const measure = measured(pass, () => scope(() => void objective.loss(model, pass, 1)));
  method.afterBackward?.({ step: 0, steps: 1 });
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

function tokensOf(pass: readonly Example[]): number {
  return pass.reduce((sum, { tokens }) => sum + tokens, 0);
}
