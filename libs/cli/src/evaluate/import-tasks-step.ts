import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import type { StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';
import { pathIn, taskFiles } from './task-files.js';

/**
 * The settings of the step that gathers the tasks. A local platform reads the files in place; another one is sent all that they are made
 * of.
 */
export async function importTasksStep(session: Session, names: readonly string[], { include, data }: { readonly include?: string; readonly data?: string }): Promise<StepSettings> {
  const wanted = names.flatMap((text) => text.split(',')).map((text) => text.trim()).filter(Boolean);
  if (wanted.length === 0) throw new UsageError('--tasks: expected names of tasks or YAML files; got nothing', ['--tasks mmlu --data FOLDER', '--tasks ./own.yaml']);
  const isFile = (text: string): boolean => /\.ya?ml$/.test(text);
  const files = wanted.filter(isFile);
  await expectKnownNames(wanted, include);
  const platform = await session.platform();
  if (files.length === 0 && include === undefined && data === undefined) return { tasks: wanted };
  if (platform.local) {
    return { path: process.cwd(), tasks: wanted.map((text) => (isFile(text) ? resolve(text) : text)), ...(include !== undefined && { include: resolve(include) }), ...(data !== undefined && { data: resolve(data) }) };
  }
  const { uploadFiles } = await import('../client/upload-path.js');
  const { root, files: sent } = await taskFiles({ files, ...(include !== undefined && { include }), ...(data !== undefined && { data }) });
  const path = await uploadFiles(session, platform, sent, 'the tasks');
  // A single file's upload is that file; its folder is named by a path inside.
  return { path, tasks: wanted.map((text) => (isFile(text) ? pathIn(root, text) : text)), ...(include !== undefined && { include: pathIn(root, include) }), ...(data !== undefined && { data: pathIn(root, data) }) };
}

/** Before anything is started or sent. */
async function expectKnownNames(tasks: readonly string[], include: string | undefined): Promise<void> {
  const { ImportTasksSpec, issueMessage } = await import('@tunesmith/contracts');
  const settings = { tasks, ...(include !== undefined && { include }) };
  const problems = ImportTasksSpec.safeParse(settings).error?.issues.map((issue) => `--tasks: ${issueMessage(issue, settings)}`) ?? [];
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
}
