import type { EncodedRow, Split } from '@tunesmith/datasets';
import type { CausalLanguageModel } from '@tunesmith/models';
import type { Tensor, WorkContext } from '@tunesmith/tensor';

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

/** What is learned from a dataset. One file in objectives/ and one line in `objectives.ts`. */
export interface Objective extends Partial<Disposable> {
  readonly name: string;
  /** The rows of a split as examples, in their order. Called before the model is loaded. */
  examples(split: Split): Promise<Example[]>;
  /** Once, when the model is as it begins: what the loss compares with, such as a reference's log-probabilities. */
  begin?(model: CausalLanguageModel, examples: readonly Example[], context: WorkContext): Promise<void>;
  /**
   * The share of a step's loss that these examples carry: a sum over them, divided by `denominator`, the weight of all examples
   * of the step. So the parts of an accumulated step add up to the loss, and the gradient, of one big batch.
   */
  loss(model: CausalLanguageModel, examples: readonly Example[], denominator: number): Tensor;
}
