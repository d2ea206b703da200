import { join } from 'node:path';
import { importTasks, type ImportTasksSpec } from '@tunesmith/contracts';
import type { ImportedTasks, ImportTasksOptions } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, PlatformConfig, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Gathers evaluation tasks with their documents and stores them, so that an evaluation reads nothing else. */
@HandlesJob(importTasks)
export class TasksImportRequestedHandler implements JobHandler<ImportTasksSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly config: PlatformConfig) {}

  async handle({ tasks, path, upload, include, data }: ImportTasksSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>(upload ? { upload } : {}, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'tasks');
    const sent = inputs['upload'];
    const input: ImportTasksOptions & { outFolder: string } = {
      // Without names, the path is the file that holds the tasks; with them, the folder where they are used.
      tasks: tasks ?? [path!],
      ...(sent === undefined ? (tasks && path !== undefined ? { folder: path } : {}) : { folder: sent, confined: true }),
      ...(include === undefined ? {} : { include }),
      ...(data === undefined ? {} : { data }),
      hubCache: join(this.config.home, 'datasets'),
      outFolder,
    };
    const metrics = await this.workers.run<ImportedTasks>('importTasks', input, job);
    return { outputs: { tasks: await this.artifacts.store(outFolder, 'tasks', job.signal) }, metrics: { ...metrics } };
  }
}
