import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EvaluationError } from '../evaluation-error.js';
import { loadYaml } from '../harness/load-yaml.js';

/** What a name stands for: a task, a group of tasks, or a tag that tasks carry. */
export type IndexEntry =
  | { readonly kind: 'task' | 'group'; readonly name: string; readonly fields: Readonly<Record<string, unknown>>; readonly path: string }
  | { readonly kind: 'tag'; readonly name: string; readonly tasks: readonly string[] };

/** The tasks, groups and tags of folders of YAML files, by name. What a later folder has wins. */
export class TaskIndex {
  readonly #entries = new Map<string, Exclude<IndexEntry, { kind: 'tag' }>>();
  readonly #unread: { readonly path: string; readonly problem: EvaluationError }[] = [];

  /**
   * Reads all YAML files below a folder. Files that are only included by others, and have no name, are passed over; so are those that cannot be read, which are told to who asks for a name that
   * is not there. Of several tasks of one name the first by path counts, as in lm-evaluation-harness.
   */
  async addFolder(folder: string, confinedTo?: string): Promise<void> {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
      throw new EvaluationError({ message: `Expected a folder of task files at ${folder}; ${(cause as Error).message}.`, code: 'task-file-unreadable', facts: { folder }, cause });
    })).filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name));
    const own = new Set<string>();
    for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
      try {
        for (const entry of entriesOf(await loadYaml(path, confinedTo), path)) {
          if (!own.has(entry.name)) this.#entries.set(entry.name, entry);
          own.add(entry.name);
        }
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        this.#unread.push({ path, problem: error });
      }
    }
  }

  /** Reads one file, and returns what it defines. @throws EvaluationError as `loadYaml`. */
  async addFile(path: string, confinedTo?: string): Promise<readonly Exclude<IndexEntry, { kind: 'tag' }>[]> {
    const entries = entriesOf(await loadYaml(path, confinedTo), path);
    for (const entry of entries) this.#entries.set(entry.name, entry);
    return entries;
  }

  get(name: string): IndexEntry | undefined {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    // A tag without one of its tasks would be another score under the same name.
    const hidden = this.#unread.find(({ path }) => readFileSync(path, 'utf8').split('\n').some((line) => /^\s*(?:tag:|-)/.test(line) && line.includes(name)));
    if (hidden) throw hidden.problem;
    const tasks = [...this.#entries.values()].filter(({ kind, fields }) => kind === 'task' && tagsOf(fields).includes(name)).map((each) => each.name);
    return tasks.length > 0 ? { kind: 'tag', name, tasks: tasks.sort() } : undefined;
  }

  /** What is wrong with files of the folders that cannot be read. */
  problems(): EvaluationError[] {
    return this.#unread.map(({ problem }) => problem);
  }

  names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** Those that are no names themselves. */
  tags(): string[] {
    return [...new Set([...this.#entries.values()].flatMap(({ kind, fields }) => (kind === 'task' ? tagsOf(fields) : [])))].filter((tag) => !this.#entries.has(tag)).sort();
  }
}

/** A file holds one task or group, or what several tasks have in common with a `task_list` of how they differ. */
function entriesOf(fields: Readonly<Record<string, unknown>>, path: string): Exclude<IndexEntry, { kind: 'tag' }>[] {
  const { task_list: list, ...common } = fields;
  if (Array.isArray(list)) {
    return list.map((own: unknown) => {
      const merged = { ...common, ...(typeof own === 'object' && own !== null ? own : {}) } as Record<string, unknown>;
      return { kind: 'task', name: String(merged['task']), fields: merged, path };
    });
  }
  if (typeof fields['group'] === 'string') return [{ kind: 'group', name: fields['group'], fields, path }];
  const name = fields['task'] ?? fields['name'];
  return typeof name === 'string' ? [{ kind: 'task', name, fields, path }] : [];
}

function tagsOf({ tag }: Readonly<Record<string, unknown>>): string[] {
  return (Array.isArray(tag) ? tag : [tag]).filter((each): each is string => typeof each === 'string');
}
