import type { Comparisons, TaskScores } from '../task-metrics.js';

/** A group of tasks that was done. */
export interface GroupResult {
  readonly name: string;
  readonly items: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** With the model that it is compared with; empty where there is none. */
  readonly comparisons: Comparisons;
}

/** A task that was done: its items, what the model did with them, and what the model it is compared with did. */
export interface TaskResult extends GroupResult, TaskScores {
  /** What a reader has to know about it, such as that its judge goes by the place. */
  readonly remarks: readonly string[];
}

/** Everything that an evaluation found. */
export interface EvaluationResults {
  readonly dtype: string;
  /** Who judged answers. */
  readonly judge?: string;
  readonly tasks: readonly TaskResult[];
  /** Each with the tasks in it. */
  readonly groups: readonly (GroupResult & { readonly members: readonly string[] })[];
}
