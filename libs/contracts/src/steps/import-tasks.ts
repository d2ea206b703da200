import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { defineJobEvents } from '../events/job-events.js';
import { knownName } from '../known-name.js';
import { shippedTaskNames } from './shipped-task-names.js';
import { defineStepKind } from './step-kind.js';

const ShippedTask = knownName('the name of a task, group or tag, or a YAML file,', shippedTaskNames);

export const ImportTasksSpec = z
  .strictObject({
    tasks: z.array(z.string().min(1)).min(1).optional().describe('Names of tasks, groups or tags, or YAML files (absolute, or relative to path).'),
    path: z.string().min(1).optional().describe('Without names: the YAML file. With them: the folder where they are used, which paths may be relative to; upload:ID names a complete upload.'),
    upload: ArtifactRef.optional().describe('Set by the registry when the path is an upload: the files to read; the path is then one inside it, `.` the whole folder.'),
    include: z.string().min(1).optional().describe('A folder of YAML files whose tasks, groups and tags can be named.'),
    data: z.string().min(1).optional().describe('A folder of documents for tasks whose datasets are published elsewhere: NAME.SPLIT.jsonl, .json, .csv or .parquet.'),
  })
  .refine(({ tasks, path }) => tasks !== undefined || path !== undefined, { path: ['tasks'], error: 'expected names or files of tasks; got none' })
  .check(({ value, issues }) => {
    for (const [place, name] of namesOfShipped(value)) {
      const problem = ShippedTask.safeParse(name).error?.issues[0];
      if (problem) issues.push({ code: 'custom', input: name, path: ['tasks', place], message: problem.message });
    }
  });
export type ImportTasksSpec = z.infer<typeof ImportTasksSpec>;

/** The names that only shipped tasks can have, each with its place: other files may bring names of their own, from where they stand on. */
function namesOfShipped({ tasks = [], include }: Pick<ImportTasksSpec, 'tasks' | 'include'>): [place: number, name: string][] {
  if (include !== undefined) return [];
  const firstFile = tasks.findIndex((text) => /\.ya?ml$/.test(text));
  return tasks.slice(0, firstFile < 0 ? undefined : firstFile).map((name, place) => [place, name]);
}

export const importTasks = defineStepKind({
  name: 'import-tasks',
  description: 'Gathers evaluation tasks with their documents: those that are shipped, those of lm-evaluation-harness YAML, and our short form.',
  owner: 'evaluator',
  spec: ImportTasksSpec,
  references: {},
  outputs: { tasks: 'tasks' },
  events: defineJobEvents('tasks-import', 'evaluator', ImportTasksSpec, 'Completed means that every task is well formed and stored with all its documents; its templates are rendered when it is evaluated.'),
  cacheable: false,
});
