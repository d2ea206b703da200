import type { Evaluation } from './evaluation.js';
import type { Example } from './objective.js';

/**
 * Which examples every step takes: a function of the step's number and of the evaluations before it alone, which are part of a checkpoint. So nothing
 * else has to be kept to resume.
 */
export interface DataOrder {
  /** Optimizer steps of the whole training. */
  readonly steps: number;
  /** Of packs: the tokens in them as a share of what they could hold. */
  readonly fill?: number;
  /** Whether there is an evaluation before the first step too. */
  readonly evaluatesFirst: boolean;
  /** The passes forward and backward of a step, from 0, and the examples of each. */
  of(step: number, evaluations: readonly Evaluation[]): Example[][];
  /** Takes in what the model does now with held-out examples; `lossOf` gives the loss of some of them, each by its weight. */
  evaluate(lossOf: LossOf, evaluations: readonly Evaluation[]): Promise<Omit<Evaluation, 'step'>>;
  /** What the training's report says of it. */
  readonly report?: DataOrderReport;
}

export type LossOf = (examples: readonly Example[]) => Promise<number>;

export interface DataOrderReport {
  /** Where the loss that each domain could come down to was found. */
  readonly domainReference: 'given' | 'reports' | 'model' | 'untuned';
  /** Rows of none of the domains, which were left out. */
  readonly rowsOfNoDomain: number;
}
