import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { EvaluationError } from '../evaluation-error.js';
import { fromShortForm, isShortForm } from '../harness/short-form.js';
import { parseTaskConfig, type TaskConfig } from '../harness/task-config.js';
import { TaskIndex, type IndexEntry } from './task-index.js';

/** A task as it was found, and the folder that its files are relative to. */
export interface FoundTask {
  readonly config: TaskConfig;
  readonly folder: string;
  /** May be left out where its documents are missing. */
  readonly optional: boolean;
}

/** How a group's metric is made from those of its tasks. */
export const GroupMetric = z.strictObject({
  metric: z.string(),
  filter_list: z.union([z.string(), z.array(z.string())]).nullish(),
  aggregation: z.literal('mean').default('mean'),
  weight_by_size: z.boolean().default(true),
});
export type GroupMetric = z.output<typeof GroupMetric>;

export interface FoundGroup {
  readonly name: string;
  /** Names of all tasks in it, those of groups in it too. */
  readonly tasks: readonly string[];
  readonly metrics: readonly GroupMetric[];
}

export interface FoundTasks {
  readonly tasks: readonly FoundTask[];
  readonly groups: readonly FoundGroup[];
}

const groupFields = new Set(['group', 'group_alias', 'task', 'aggregate_metric_list', 'metadata', 'tag', 'members']);

/**
 * Finds what names and files stand for: a name is looked up in `folders` (the last first), a file is read as it is, and what it names is
 * also looked up beside it. `confinedTo`: files read nothing outside of this folder. @throws EvaluationError `task-unknown`, `task-name-taken`, and what parsing throws.
 */
export async function resolveTasks(wanted: readonly string[], folders: readonly { readonly path: string; readonly confinedTo?: string }[], confinedTo?: string): Promise<FoundTasks> {
  const index = new TaskIndex();
  for (const folder of folders) await index.addFolder(folder.path, folder.confinedTo);
  const finder = new Finder(index, confinedTo);
  for (const text of wanted) {
    if (/\.ya?ml$/.test(text)) await finder.addFile(resolve(text));
    else finder.addName(text, {}, false);
  }
  return finder;
}

class Finder implements FoundTasks {
  readonly tasks: FoundTask[] = [];
  readonly groups: FoundGroup[] = [];

  constructor(private readonly index: TaskIndex, private readonly confinedTo: string | undefined) {}

  async addFile(path: string): Promise<void> {
    await stat(path).catch((cause: unknown) => {
      throw new EvaluationError({ message: `Expected a task's YAML at ${path}; there is none.`, code: 'task-file-unreadable', facts: { path }, cause });
    });
    const own = await new TaskIndex().addFile(path, this.confinedTo);
    if (own.length === 0) throw new EvaluationError({ message: `${path}: expected a task (with "task", or "name" in the short form) or a "group"; it has neither.`, code: 'task-invalid', facts: { source: path } });
    // What a group names may stand beside it.
    if (own.some(({ kind }) => kind === 'group')) await this.index.addFolder(dirname(path), this.confinedTo);
    await this.index.addFile(path, this.confinedTo);
    for (const entry of own) this.add(entry, {}, false);
  }

  addName(name: string, overrides: Readonly<Record<string, unknown>>, optional: boolean): string[] {
    const entry = this.index.get(name);
    if (!entry) {
      const known = this.index.names();
      const problems = this.index.problems();
      const unread = problems.length === 0 ? '' : ` ${problems.length} of the files in the folders could not be read: ${problems.slice(0, 3).map(({ message }) => message).join(' ')}`;
      throw new EvaluationError({ message: `Expected the name of a task, a group or a tag, or a YAML file; got "${name}".${unread} ${knownLike(name, known)}`, code: 'task-unknown', facts: { name, known } });
    }
    return this.add(entry, overrides, optional);
  }

  /** The names of the tasks that the entry stands for. */
  private add(entry: IndexEntry, overrides: Readonly<Record<string, unknown>>, optional: boolean): string[] {
    if (entry.kind === 'tag') return entry.tasks.flatMap((name) => this.addName(name, overrides, optional));
    if (entry.kind === 'group') return this.addGroup(entry.name, entry.fields, entry.path, overrides);
    return this.addTask({ ...entry.fields, ...overrides }, entry.path, optional);
  }

  private addTask(fields: Readonly<Record<string, unknown>>, path: string, optional: boolean): string[] {
    const { group: _structure, task_list: _others, metadata: _unread, ...own } = isShortForm(fields) ? fromShortForm(fields, path) : fields;
    const config = parseTaskConfig(own, `${path}${typeof own['task'] === 'string' ? ` (task ${own['task']})` : ''}`);
    const known = this.tasks.find((each) => each.config.task === config.task);
    if (!known) this.tasks.push({ config, folder: dirname(path), optional });
    else if (JSON.stringify(known.config) !== JSON.stringify(config)) {
      throw new EvaluationError({ message: `Two different tasks are called "${config.task}"; give each its own name.`, code: 'task-name-taken', facts: { name: config.task } });
    }
    return [config.task];
  }

  private addGroup(name: string, fields: Readonly<Record<string, unknown>>, path: string, overrides: Readonly<Record<string, unknown>>): string[] {
    const ownOverrides = { ...Object.fromEntries(Object.entries(fields).filter(([key]) => !groupFields.has(key))), ...overrides };
    const optional = fields['members'] === 'present';
    const members = [fields['task'] ?? []].flat() as unknown[];
    const tasks = members.flatMap((member) => this.addMember(member, name, path, ownOverrides, optional));
    const metrics = z.array(GroupMetric).safeParse([fields['aggregate_metric_list'] ?? []].flat());
    if (!metrics.success) throw new EvaluationError({ message: `${path}: aggregate_metric_list: ${metrics.error.issues.map((issue) => issue.message).join('; ')}.`, code: 'task-invalid', facts: { source: path } });
    this.groups.push({ name, tasks: [...new Set(tasks)], metrics: metrics.data });
    return tasks;
  }

  private addMember(member: unknown, group: string, path: string, overrides: Readonly<Record<string, unknown>>, optional: boolean): string[] {
    if (typeof member === 'string') return this.addName(member, overrides, optional);
    if (typeof member !== 'object' || member === null) throw new EvaluationError({ message: `${path}: expected names and tasks under "task"; got ${String(member)}.`, code: 'task-invalid', facts: { source: path } });
    const fields = member as Readonly<Record<string, unknown>>;
    if (typeof fields['group'] === 'string') {
      const known = this.index.get(fields['group']);
      const { group: named, ...own } = fields;
      if (known) return this.add(known, { ...overrides, ...own }, optional);
      return this.addGroup(`${group}::${String(named)}`, fields, path, overrides);
    }
    const base = fields['task'];
    if (typeof base !== 'string') throw new EvaluationError({ message: `${path}: expected "task" or "group" in each entry under "task"; got ${Object.keys(fields).join(', ')}.`, code: 'task-invalid', facts: { source: path } });
    if (this.index.get(base)) return this.addName(base, { ...overrides, ...fields }, optional);
    return this.addTask({ ...overrides, ...fields, task: `${group}::${base}` }, path, optional);
  }
}

/** All that is known where that can be read at a glance, else what looks like the name. */
function knownLike(name: string, known: readonly string[]): string {
  if (known.length <= 100) return `Known: ${known.join(', ')}.`;
  const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const alike = known.filter((each) => plain(each).includes(plain(name)) || plain(name).includes(plain(each)));
  return `Of ${known.length} names ${alike.length > 0 ? `these are alike: ${alike.slice(0, 20).join(', ')}` : `the first are: ${known.slice(0, 20).join(', ')}`}.`;
}
