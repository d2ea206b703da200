import { z } from 'zod';
import type { Document } from '../definitions/documents.js';
import { describeIssues } from '../describe-issues.js';
import { EvaluationError } from '../evaluation-error.js';
import type { TaskConfig } from '../harness/task-config.js';

/** What a model made of a question with choices. */
export interface ChoiceOutcome {
  readonly choices: readonly string[];
  /** Of each choice, given the question. */
  readonly logProbs: readonly number[];
  /** Whether each choice is what greedy decoding writes. */
  readonly greedy: readonly boolean[];
  /** Of each choice without the question; only where a metric asks for it (`unconditional`). */
  readonly unconditional?: readonly number[];
  /** Places of the right choices; at least one. */
  readonly gold: readonly number[];
}

export interface ContinuationOutcome {
  readonly logProb: number;
  readonly greedy: boolean;
}

export interface TextOutcome {
  readonly logProb: number;
  readonly words: number;
  /** In UTF-8. */
  readonly bytes: number;
}

export interface GenerationOutcome {
  /** What filters left of the responses: a text, or a list of such. */
  readonly prediction: unknown;
  /** Right answers; at least one. */
  readonly references: readonly string[];
  readonly document: Document;
  /** Of tasks with `tools`: the functions that the model was shown. */
  readonly tools?: unknown;
}

/** A metric's value for one document: a number, or what its aggregation takes. */
export type MetricValue = unknown;

/** What a metric with `parts` says of one document. */
export interface PartedValues {
  /** By the names in `parts`. */
  readonly values: Readonly<Record<string, MetricValue>>;
  /** For who reads the sample: what stands behind the values, such as why an answer is wrong. */
  readonly note?: unknown;
}

/** How good outcomes of each kind are; what a metric has no function for it does not serve. */
export interface MetricFunctions {
  readonly ofChoices?: (outcome: ChoiceOutcome) => MetricValue;
  readonly ofContinuation?: (outcome: ContinuationOutcome) => MetricValue;
  readonly ofText?: (outcome: TextOutcome) => MetricValue;
  /** May take its time, as where code is run. With `parts` it gives `PartedValues`. */
  readonly ofGeneration?: (outcome: GenerationOutcome) => MetricValue;
  /** Names of the values, where a metric gives several or other ones than its own name. */
  readonly parts?: readonly string[];
  /** Looks for everything that the metric needs of the machine and the task, before a model is loaded. @throws EvaluationError */
  readonly expectNeeds?: (task: Pick<TaskConfig, 'task' | 'repeats'>) => Promise<void>;
}

/** A file of this folder, its spec, and a line in `metrics.ts`. */
export interface Metric {
  readonly name: string;
  /** The name of the usual aggregation; see `aggregations.ts`. */
  readonly aggregation: string;
  readonly higherIsBetter: boolean;
  /** Of choices: whether it needs their probabilities without the question. */
  readonly unconditional: boolean;
  /** The metric with the other keys of its entry in `metric_list`. @throws EvaluationError `metric-option-invalid` */
  prepare(options: Readonly<Record<string, unknown>>): MetricFunctions;
}

interface MetricDefinition<Options extends z.ZodType> {
  readonly name: string;
  readonly aggregation: string;
  readonly higherIsBetter: boolean;
  readonly unconditional?: boolean;
  /** Absent: it has none. */
  readonly options?: Options;
  readonly functions: MetricFunctions | ((options: z.output<Options>) => MetricFunctions);
}

export function defineMetric<Options extends z.ZodType = z.ZodType<Record<string, never>>>({ options, functions, unconditional = false, ...metric }: MetricDefinition<Options>): Metric {
  const schema = options ?? z.strictObject({});
  return {
    ...metric,
    unconditional,
    prepare(given) {
      const parsed = schema.safeParse(given, { reportInput: true });
      if (parsed.success) return typeof functions === 'function' ? functions(parsed.data as z.output<Options>) : functions;
      throw new EvaluationError({ message: `The metric ${metric.name}: ${describeIssues(parsed.error, schema)}.`, code: 'metric-option-invalid', facts: { metric: metric.name } });
    },
  };
}

/** The place of the largest number, of equal ones the first. */
export function largestPlace(numbers: readonly number[]): number {
  return numbers.reduce((best, each, place) => (each > numbers[best]! ? place : best), 0);
}
