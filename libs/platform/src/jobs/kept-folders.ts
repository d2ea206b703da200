import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobEntity } from './job.entity.js';

/** What nobody has written to for so long is removed: its run was left failed or cancelled. */
const keptMilliseconds = 7 * 24 * 60 * 60 * 1000;

type StepOfRun = Pick<JobEntity, 'runId' | 'step' | 'spec'>;

/**
 * Folders that outlive an attempt, one for each step of a run with its specification: the next attempt finds what the last one left, be it
 * after a crash of the worker or the service or because the run was resumed. On this machine: where `root` is not a volume that all replicas
 * share, an attempt on another one begins anew.
 */
export class KeptFolders {
  constructor(private readonly root: string, private readonly now: () => number = Date.now) {}

  async of(job: StepOfRun): Promise<string> {
    const path = this.pathOf(job);
    await mkdir(path, { recursive: true });
    return path;
  }

  /** The step has its result. */
  async remove(job: StepOfRun): Promise<void> {
    await rm(this.pathOf(job), { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes folders that were left alone for a week. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.root).catch(() => [])) {
      const path = join(this.root, name);
      if (this.now() - (await lastWrite(path, 2)) > keptMilliseconds) await rm(path, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  private pathOf({ runId, step, spec }: StepOfRun): string {
    // A step that is asked for something else when its run is resumed begins anew.
    const digest = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
    return join(this.root, `${runId}.${step}.${digest}`);
  }
}

/** When something was last written in a folder, or in those up to `depth` levels below it. */
async function lastWrite(path: string, depth: number): Promise<number> {
  const status = await stat(path).catch(() => undefined);
  if (!status) return 0;
  const names = status.isDirectory() && depth > 0 ? await readdir(path).catch(() => []) : [];
  return Math.max(status.mtimeMs, ...(await Promise.all(names.map((name) => lastWrite(join(path, name), depth - 1)))));
}
