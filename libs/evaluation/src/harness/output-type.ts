import type { Aggregation } from '../aggregations/aggregation.js';
import type { Document } from '../definitions/documents.js';
import type { PreparedFilter } from '../filters/response-filter.js';
import type { MetricFunctions } from '../metrics/metric.js';
import type { ItemScore, PlannedItem } from '../planned-task.js';
import type { RequestResult } from '../requests/evaluation-request.js';
import type { DocumentReader } from './document-reader.js';
import type { TaskConfig } from './task-config.js';

/** A metric as a task asks for it. */
export interface ScoredMetric extends MetricFunctions {
  readonly name: string;
  readonly aggregation: Aggregation;
  /** Whether it needs the probabilities of choices without the question. */
  readonly unconditional: boolean;
}

export interface OutputSettings {
  readonly config: TaskConfig;
  readonly reader: DocumentReader;
  readonly seed: number;
  /** Whether prompts are written by a chat template. */
  readonly chat: boolean;
  readonly filters: readonly { readonly name: string; readonly steps: readonly PreparedFilter[] }[];
  readonly metrics: readonly ScoredMetric[];
  /** Whether the choices are whole contexts with one ending. */
  readonly several: boolean;
}

/** What comes before an answer: one text, or one for each choice. */
export type Prompt = string | readonly string[];

/** What a task asks a model and how it reads the answers (`output_type`): a file of the folder `output-types`, its spec, and a line in `output-types.ts`. */
export interface OutputType {
  readonly name: TaskConfig['output_type'];
  serves(metric: MetricFunctions): boolean;
  /** @throws EvaluationError naming task and document. */
  ask(document: Document, index: number, prompt: Prompt, settings: OutputSettings): Omit<PlannedItem, 'index'>;
  score(document: Document, item: PlannedItem, results: readonly RequestResult[], settings: OutputSettings): ItemScore | Promise<ItemScore>;
}

/** The values of all metrics as an item's score. */
export function itemScore(prediction: unknown, logProbs: readonly number[], values: Readonly<Record<string, unknown>>): ItemScore {
  return { prediction, logProbs, values, metrics: Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number')) };
}
