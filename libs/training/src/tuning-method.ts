import type { CausalLanguageModel, LoadedModel } from '@tunesmith/models';
import type { Parts } from '@tunesmith/nn';
import type { Tensor } from '@tunesmith/tensor';
import type { OptimizedParameter, Optimizer } from './optimizer.js';

/** Where a training is: `step` from 0. */
export interface StepPlace {
  readonly step: number;
  readonly steps: number;
}

/** What of a model is trained, and what is kept of it. One file in methods/ and one line in `tuning-methods.ts`. */
export interface TuningMethod extends Partial<Disposable> {
  readonly name: string;
  /** The type the model computes in; a method may need more than was asked. */
  readonly dtype: 'bfloat16' | 'float32';
  /** Wraps the parts that the model is built from; absent: plain ones. */
  readonly parts?: (plain: Parts) => Parts;
  /** Once, when the weights are there: what is made from them, such as the first A and B of PiSSA. */
  initialize?(model: CausalLanguageModel): void;
  /** Chooses the parameters to train and marks them; all others stay frozen. By full dotted path. */
  trainable(model: CausalLanguageModel): Map<string, Tensor>;
  /** How much faster than the others a parameter learns; absent: 1 for each. */
  learningRateFactor?(name: string): number;
  /** The method's own optimizer in place of the one that was asked for. */
  optimizer?(parameters: readonly OptimizedParameter[]): Optimizer;
  /** Before a step's first pass: draw what is random in it from the seed and `step` alone, so that a resumed run draws the same. */
  beforeStep?(place: StepPlace): void;
  /** A term of the method's own in the loss of a step. */
  penalty?(): Tensor | null;
  /** When the gradients of a step are there and not yet clipped. */
  afterBackward?(place: StepPlace): void;
  /** When the parameters have moved. */
  afterStep?(place: StepPlace): void;
  /** What it remembers between steps beside the trainable parameters, by name: written into a checkpoint, and filled from one in place. */
  state?(): Map<string, Tensor>;
  /** Writes the result: an adapter folder or a model folder. */
  save(model: CausalLanguageModel, loaded: LoadedModel, outFolder: string): Promise<void>;
}
