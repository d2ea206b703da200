import type { EncodedRow, LongRowCounts, Split } from '@tunesmith/datasets';
import type { CausalLanguageModel } from '@tunesmith/models';
import type { Tensor, WorkContext } from '@tunesmith/tensor';
import type { StepPlace } from './tuning-method.js';

/** What goes through the model together and counts as one: a row for `sft`, both answers of a pair for `dpo`. */
export interface Example {
  /** Which row of the split it was, from 0. */
  readonly index: number;
  readonly rows: readonly EncodedRow[];
  /** Tokens of all its rows, sources too. */
  readonly tokens: number;
  /** What it adds to the denominator of a step's loss: its trained tokens, or 1 for a pair. */
  readonly weight: number;
}

export interface ExampleSet {
  /** In the order of their rows. */
  readonly examples: readonly Example[];
  readonly longRows: LongRowCounts;
}

/** What is learned from a dataset. One file in objectives/ and one line in `objectives.ts`. */
export interface Objective extends Partial<Disposable> {
  readonly name: string;
  /** The rows of a split as examples. Called before the model is loaded, once for each split that takes part. */
  examples(split: Split): Promise<ExampleSet>;
  /** Before the first loss, of a new run and of a resumed one: loads what the loss needs beside the model, such as a teacher. */
  open?(context: WorkContext): Promise<void>;
  /**
   * Of a new run only, with all examples of every split, while the model is as it begins: what the loss compares with, such as a reference's
   * log-probabilities. A resumed run has them from `state`.
   */
  begin?(model: CausalLanguageModel, examples: readonly Example[], context: WorkContext): Promise<void>;
  /** Before the passes of a step, for what changes over a training. */
  beforeStep?(place: StepPlace): void;
  /**
   * The share of a step's loss that these examples carry: a sum over them, divided by `denominator`, the weight of all examples
   * of the step. So the parts of an accumulated step add up to the loss, and the gradient, of one big batch.
   */
  loss(model: CausalLanguageModel, examples: readonly Example[], denominator: number): Tensor;
  /** What `begin` found, by name: written into a checkpoint, and filled from one in place. Its shapes are known once the examples are made. */
  state?(): Map<string, Tensor>;
}
