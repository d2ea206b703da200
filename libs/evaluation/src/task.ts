import type { Row } from '@tunesmith/datasets';
import type { InferenceModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';

/** A task of an evaluation, as asked for. */
export interface TaskSettings {
  readonly kind: string;
  /** Comes before the metrics: `NAME.METRIC`. */
  readonly name: string;
  /** Which held-out rows: those with this tag. */
  readonly tag: string;
  readonly maxNewTokens?: number;
}

/** What one model did with one row. */
export interface ItemScore {
  /** What the model said; null where the task has it say nothing. */
  readonly prediction: string | null;
  /** Natural logarithms: of the tokens that it said, or of those that it was given. */
  readonly logProbs: readonly number[];
  /** This row's part in the metrics, by their names. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A way to score models: a file of the folder `tasks`, its spec, and a line in `tasks.ts`. */
export interface EvaluationTask {
  /** The word after `kind:`. */
  readonly kind: string;
  /** What of a row the answer is held against, for the list of samples. @throws EvaluationError for a row that the task cannot use. */
  target(row: Row, index: number): string;
  /** One score for each row, in their order. Has to be deterministic. */
  score(loaded: InferenceModel, rows: readonly Row[], settings: TaskSettings, context: WorkContext): Promise<ItemScore[]>;
  /** Metrics over all rows; `against` holds the scores of the model that it is compared with. Every name stands for one number. */
  metrics(scores: readonly ItemScore[], against?: readonly ItemScore[]): Record<string, number>;
}

/** The messages that a model is asked to continue: those up to the last of the user. */
export function questionOf({ messages }: Row): Row['messages'] {
  return messages.slice(0, messages.findLastIndex(({ role }) => role === 'user') + 1);
}
