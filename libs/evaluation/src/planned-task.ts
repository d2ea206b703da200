import type { Aggregation } from './aggregations/aggregation.js';
import type { MetricValue } from './metrics/metric.js';
import type { EvaluationRequest, RequestResult } from './requests/evaluation-request.js';

/** One item of a task: what the model is asked about one document, and what a right answer is. */
export interface PlannedItem {
  /** Its place among the task's documents. */
  readonly index: number;
  /** What a person reads as the question. */
  readonly prompt: string;
  /** What it is about, where its document says so. */
  readonly domain?: string;
  /** What the model chooses from; `target` and `prediction` are places in it then. */
  readonly choices?: readonly string[];
  /** What the answer is held against. */
  readonly target: unknown;
  readonly requests: readonly EvaluationRequest[];
}

/** What one model did with one item. */
export interface ItemScore {
  /** What the model said or chose; null where the task has it do neither. */
  readonly prediction: unknown;
  /** Natural logarithms: one for each choice, or of the tokens that it said or was given. */
  readonly logProbs: readonly number[];
  /** This item's part in the metrics, by their names. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What aggregations need besides numbers, by the metrics' names; not part of the samples. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** What stands behind the metrics, by their names, such as why an answer is wrong. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** A task with its documents, ready to be asked. Nothing about it depends on what the model answers. */
export interface PlannedTask {
  /** Comes before the metrics: `NAME.METRIC`. */
  readonly name: string;
  /** For reports: the kind of the task and what else tells it from others. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly items: readonly PlannedItem[];
  /** What a reader has to know about how it is asked. */
  readonly remarks?: readonly string[];
  /** `results`: one for each request of the item, in their order. Has to be deterministic. */
  score(item: PlannedItem, results: readonly RequestResult[]): ItemScore | Promise<ItemScore>;
  /** Where another model judges the answers: asked when all models have answered. */
  judged?(answered: AnsweredItems, ask: AskJudge): Promise<JudgedItems>;
  /** The metrics of the task. */
  columns(scores: readonly ItemScore[]): readonly MetricColumn[];
  /** Metrics that only two models together have; `against` holds the scores of the one that it is compared with. */
  together?(scores: readonly ItemScore[], against: readonly ItemScore[]): Record<string, number>;
}

/** What the models made of a task's items, in their order. */
export interface AnsweredItems {
  readonly scores: readonly ItemScore[];
  /** Of the model that it is compared with. */
  readonly against?: readonly ItemScore[];
}

/** The same with verdicts, and what a reader has to know about the judge. */
export interface JudgedItems extends AnsweredItems {
  readonly remarks: readonly string[];
}

/** Asks a judge several prompts; what it says, in their order. */
export type AskJudge = (prompts: readonly JudgePrompt[]) => Promise<readonly string[]>;

export interface JudgePrompt {
  readonly system: string;
  readonly user: string;
}

/** A metric of a task: what it says of each item, in their order, and how one number is made of that. */
export interface MetricColumn {
  readonly name: string;
  readonly values: readonly MetricValue[];
  readonly aggregation: Aggregation;
}

/** Tasks whose metrics are also given together, under a name of their own. */
export interface PlannedGroup {
  readonly name: string;
  /** Names of all tasks in it. */
  readonly tasks: readonly string[];
  /** Whether a metric weighs tasks by their items, and not all the same; undefined where the group has no such metric. */
  weighsBySize(metric: string): boolean | undefined;
  /** Metrics of the group from those of all tasks and how many items each has. */
  metrics(tasks: ReadonlyMap<string, { readonly metrics: Readonly<Record<string, number>>; readonly items: number }>): Record<string, number>;
}

export interface Plan {
  readonly tasks: readonly PlannedTask[];
  readonly groups: readonly PlannedGroup[];
}
