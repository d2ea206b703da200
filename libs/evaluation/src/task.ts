import type { Row } from '@tunesmith/datasets';
import type { ChatTemplate } from '@tunesmith/tokenizers';
import type { Plan } from './planned-task.js';

/** A task of an evaluation, as asked for. */
export interface TaskSettings {
  readonly kind: string;
  /** Comes before the metrics: `NAME.METRIC`. */
  readonly name: string;
  /** Of tasks over rows: which held-out ones, those with this tag. */
  readonly tag?: string;
  readonly maxNewTokens?: number;
}

/** What tasks are made from. */
export interface TaskSources {
  /** The held-out rows of the dataset. @throws EvaluationError `dataset-missing` where none was given. */
  heldOutRows(): Promise<readonly Row[]>;
  /** The folder that `importTasks` wrote. @throws EvaluationError `definitions-missing` where none was given. */
  definitions(): string;
  /** How the model's conversations are written. @throws EvaluationError `no-chat-template` */
  chatTemplate(): Promise<Pick<ChatTemplate, 'render' | 'renderWithTools'>>;
}

/** What holds for all tasks of an evaluation. */
export interface PlanOptions {
  /** The most documents of each task, from the first on. */
  readonly limit?: number;
  /** In place of what the tasks say. */
  readonly numFewshot?: number;
  /** Of draws: which examples are shown, which tokens are sampled. */
  readonly seed: number;
  readonly applyChatTemplate: boolean;
  /** With the chat template: examples as turns of the conversation, not as one text. */
  readonly fewshotAsTurns: boolean;
  readonly systemInstruction?: string;
  /** Whether a second model answers the same. */
  readonly compared?: boolean;
}

/** A way to evaluate models: a file of the folder `tasks`, its spec, and a line in `tasks.ts`. */
export interface EvaluationTask<Settings extends TaskSettings = TaskSettings> {
  /** The word after `kind:`. */
  readonly kind: string;
  /** Everything that can be wrong with the question is found here, before a model is loaded. @throws EvaluationError */
  plan(settings: Settings, sources: TaskSources, options: PlanOptions): Promise<Plan>;
}
