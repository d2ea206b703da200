import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';
import { leaves } from '../harness/load-yaml.js';
import { datasetHubOf } from './dataset-hub.js';
import { findDocuments, type DocumentPlaces } from './find-documents.js';
import { definitionsFile, evaluatedSplit, exampleSplit, type StoredSplit, type StoredTask, type TaskDefinitions } from './task-definitions.js';
import { resolveTasks, type FoundTask } from './resolve-tasks.js';

export interface ImportTasksOptions {
  /** Names, or YAML files: absolute, or relative to `folder`. */
  readonly tasks: readonly string[];
  /** Where the tasks are used. */
  readonly folder?: string;
  /** A folder of YAML files whose tasks can be named; absolute, or relative to `folder`. */
  readonly include?: string;
  /** A folder of documents, by the names of their files; absolute, or relative to `folder`. */
  readonly data?: string;
  /** The files came from another machine: nothing outside of `folder` is read, except for what is shipped. */
  readonly confined?: boolean;
  /** Where downloads of published datasets stay. */
  readonly hubCache: string;
}

export interface ImportedTasks {
  readonly tasks: number;
  readonly documents: number;
}

/** The tasks that come with the platform. */
export const shippedTasks = fileURLToPath(new URL('../tasks/shipped/', import.meta.url));

/**
 * Gathers tasks with their documents in a folder that needs nothing else: `tasks.json`, and a file of documents for each split that is used.
 * The same tasks and documents make the same bytes.
 *
 * @throws EvaluationError for everything that is wrong with a task, naming its file: see `resolveTasks`, `findDocuments`.
 */
export async function importTasks({ tasks: wanted, folder = '.', include, data, confined = false, hubCache }: ImportTasksOptions, outFolder: string, context: WorkContext): Promise<ImportedTasks> {
  const within = (path: string): string => {
    const whole = isAbsolute(path) ? path : resolve(folder, path);
    if (confined && leaves(resolve(folder), whole)) throw new EvaluationError({ message: `Expected a file among those that were sent; got ${path}.`, code: 'documents-outside', facts: { path } });
    return whole;
  };
  const confinedTo = confined ? resolve(folder) : undefined;
  const folders = [{ path: shippedTasks }, ...(include === undefined ? [] : [{ path: within(include), ...(confinedTo !== undefined && { confinedTo }) }])];
  const found = await resolveTasks(wanted.map((text) => (/\.ya?ml$/.test(text) ? within(text) : text)), folders, confinedTo);
  const hub = datasetHubOf(process.env, hubCache);
  const places: DocumentPlaces = {
    ...(data !== undefined && { dataFolder: within(data) }),
    ...(confinedTo !== undefined && { confinedTo }),
    ...(hub && { hub }),
    workingFolder: resolve(folder),
    signal: context.signal,
  };
  await mkdir(join(outFolder, 'documents'), { recursive: true });
  const stored: StoredTask[] = [];
  let documents = 0;
  for (const task of found.tasks) {
    context.signal.throwIfAborted();
    context.onProgress({ phase: 'read tasks', done: stored.length, total: found.tasks.length, unit: 'tasks', message: task.config.task });
    const splits = await storeSplits(task, places, outFolder);
    if (!splits) continue;
    documents += splits[evaluatedSplit(task.config)]?.count ?? 0;
    stored.push({ config: task.config, splits });
  }
  if (stored.length === 0) throw new EvaluationError({ message: `None of the tasks ${found.tasks.map(({ config }) => config.task).join(', ')} has documents. Give a folder with them (--data).`, code: 'documents-missing' });
  const names = new Set(stored.map(({ config }) => config.task));
  const definitions: TaskDefinitions = { tasks: stored, groups: found.groups.map((group) => ({ ...group, tasks: group.tasks.filter((name) => names.has(name)) })).filter((group) => group.tasks.length > 0) };
  await writeFile(join(outFolder, definitionsFile), `${JSON.stringify(definitions, null, 1)}\n`);
  return { tasks: stored.length, documents };
}

/** The documents that are asked about, and those that examples come from, if there are such. Undefined for a task that may be left out. */
async function storeSplits(task: FoundTask, places: DocumentPlaces, outFolder: string): Promise<Record<string, StoredSplit> | undefined> {
  const evaluated = evaluatedSplit(task.config);
  const examples = exampleSplit(task.config);
  const splits: Record<string, StoredSplit> = {};
  for (const split of new Set([evaluated, ...(examples === undefined ? [] : [examples])])) {
    try {
      const lines = (await findDocuments(task, split, places)).map((document) => `${JSON.stringify(document)}\n`);
      if (lines.length === 0) throw new EvaluationError({ message: `The split "${split}" of the task "${task.config.task}" is empty.`, code: 'documents-missing', facts: { task: task.config.task, split } });
      const bytes = lines.join('');
      const file = `documents/${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.jsonl`;
      await writeFile(join(outFolder, file), bytes);
      splits[split] = { file, count: lines.length };
    } catch (error) {
      if (!(error instanceof EvaluationError) || error.code !== 'documents-missing') throw error;
      if (split === evaluated && task.optional) return undefined;
      if (split === evaluated) throw error;
      // Without examples the task can still be asked about with none: who wants some is told then.
      splits[split] = { missing: error.message };
    }
  }
  return splits;
}
