import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { filesBelow } from '../client/upload-path.js';
import { CommandError } from '../errors.js';

/** What an evaluation's tasks are read from on this machine. */
export interface TaskPlaces {
  /** YAML files. */
  readonly files: readonly string[];
  readonly include?: string;
  readonly data?: string;
}

export interface TaskFiles {
  /** What everything is relative to in the upload. */
  readonly root: string;
  readonly files: readonly { readonly source: string; readonly path: string }[];
}

/**
 * All files that tasks are made of, for a platform on another machine: the YAML, what it includes, its documents, what stands beside a group,
 * and the folders given.
 */
export async function taskFiles({ files, include, data }: TaskPlaces): Promise<TaskFiles> {
  const found = new Set<string>();
  for (const file of files) await addYaml(resolve(file), found);
  for (const folder of [include, data]) if (folder !== undefined) for (const path of await filesBelow(resolve(folder))) found.add(path);
  // The documents of tasks that can be named.
  if (include !== undefined) for (const path of [...found]) if (/\.ya?ml$/.test(path)) await addYaml(path, found, new Set());
  const sources = [...found].sort();
  // Where all of it lies below this folder, it is what paths may be relative to.
  const here = process.cwd();
  const root = sources.every((path) => path.startsWith(here + sep)) ? here : commonFolder(sources);
  return { root, files: sources.map((source) => ({ source, path: pathIn(root, source) })) };
}

export function pathIn(root: string, path: string): string {
  return relative(root, resolve(path)).split(sep).join('/') || '.';
}

async function addYaml(path: string, found: Set<string>, seen = new Set<string>()): Promise<void> {
  if (seen.has(path)) return;
  seen.add(path);
  if (!existsSync(path)) throw new CommandError({ message: `--tasks: expected a file at ${path}; there is none`, code: 'path-missing', facts: { path } });
  found.add(path);
  const { parseDocument } = await import('yaml');
  const source = await readFile(path, 'utf8');
  const document = parseDocument(source);
  const [problem] = document.errors;
  if (problem) throw new CommandError({ message: `${path}: expected YAML; ${problem.message}`, code: 'yaml-invalid', facts: { path }, cause: problem });
  const fields = document.toJS() as Record<string, unknown> | null;
  if (typeof fields !== 'object' || fields === null) return;
  const folder = dirname(path);
  for (const included of [fields['include'] ?? []].flat()) await addYaml(resolve(folder, String(included)), found, seen);
  // Published functions are known by their files.
  for (const [, module] of source.matchAll(/!function\s+(\w+)\.\w/g)) if (existsSync(resolve(folder, `${module}.py`))) found.add(resolve(folder, `${module}.py`));
  // A group names tasks that stand beside it.
  if ('group' in fields) for (const other of await filesBelow(folder)) if (/\.ya?ml$/.test(other)) await addYaml(other, found, seen);
  for (const named of documentsOf(fields)) await addDocuments([folder, process.cwd()].map((each) => resolve(each, named)).find((each) => existsSync(each)), found);
}

/** The paths that a task's fields name: `dataset_kwargs.data_files`, a `dataset_path` that is a folder, `data` of the short form. */
function documentsOf(fields: Readonly<Record<string, unknown>>): string[] {
  const { dataset_kwargs: options, dataset_path: path, data, task, task_list: list } = fields;
  const inner = [...[task ?? []].flat(), ...[list ?? []].flat()].filter((each): each is Record<string, unknown> => typeof each === 'object' && each !== null);
  const own = typeof options === 'object' && options !== null && 'data_files' in options ? options.data_files : undefined;
  return [...textsIn(own), ...textsIn(data), ...(typeof path === 'string' && /^[./]/.test(path) ? [path] : []), ...inner.flatMap(documentsOf)];
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** A file or a folder; what is not there is the platform's to report, with the task that names it. */
async function addDocuments(path: string | undefined, found: Set<string>): Promise<void> {
  if (path === undefined) return;
  const stats = await stat(path);
  if (stats.isFile()) found.add(path);
  else for (const file of await filesBelow(path)) found.add(file);
}

function commonFolder(paths: readonly string[]): string {
  const parts = paths.map((path) => dirname(path).split(sep));
  const shortest = Math.min(...parts.map(({ length }) => length));
  let count = 0;
  while (count < shortest && parts.every((each) => each[count] === parts[0]![count])) count += 1;
  return parts[0]?.slice(0, count).join(sep) || sep;
}
