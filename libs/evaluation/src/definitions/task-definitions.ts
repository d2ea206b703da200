import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exactNumbers } from '@tunesmith/tokenizers';
import { EvaluationError } from '../evaluation-error.js';
import type { TaskConfig } from '../harness/task-config.js';
import type { Document } from './documents.js';
import type { FoundGroup } from './resolve-tasks.js';

/** A file of documents, or why there is none. */
export interface StoredSplit {
  readonly file?: string;
  readonly count?: number;
  readonly missing?: string;
}

export interface StoredTask {
  readonly config: TaskConfig;
  readonly splits: Readonly<Record<string, StoredSplit>>;
}

/** `tasks.json` of the folder that `importTasks` writes. */
export interface TaskDefinitions {
  readonly tasks: readonly StoredTask[];
  readonly groups: readonly FoundGroup[];
}

export const definitionsFile = 'tasks.json';

/** The split that is asked about. */
export function evaluatedSplit({ test_split, validation_split }: TaskConfig): string {
  return test_split ?? validation_split ?? '';
}

/** The split that few-shot examples come from; undefined where the task brings its own. */
export function exampleSplit({ fewshot_config, fewshot_split, training_split, validation_split, test_split }: TaskConfig): string | undefined {
  const own = fewshot_config?.split ?? fewshot_split;
  if (own != null) return own;
  if (fewshot_config?.samples) return undefined;
  return training_split ?? validation_split ?? test_split ?? undefined;
}

export async function readDefinitions(folder: string): Promise<TaskDefinitions> {
  const source = await readFile(join(folder, definitionsFile), 'utf8').catch((cause: unknown) => {
    throw new EvaluationError({ message: `Expected task definitions in ${folder}; ${(cause as Error).message}. Import tasks first.`, code: 'definitions-missing', facts: { folder }, cause });
  });
  return JSON.parse(source) as TaskDefinitions;
}

/** The documents of a split. @throws EvaluationError `documents-missing` with the reason found at the import. */
export async function readSplit(folder: string, { config, splits }: StoredTask, split: string): Promise<Document[]> {
  const { file, missing } = splits[split] ?? {};
  if (file !== undefined) return (await readFile(join(folder, file), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line, exactNumbers) as Document);
  throw new EvaluationError({ message: missing ?? `The task "${config.task}" has no documents of the split "${split}".`, code: 'documents-missing', facts: { task: config.task, split } });
}
