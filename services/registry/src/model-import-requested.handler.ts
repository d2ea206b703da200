import { join } from 'node:path';
import { importModel, type ImportModelSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { ImportedModel } from './worker.js';

/** Validates a model or an adapter from outside and stores it as a Hugging Face folder. */
@HandlesJob(importModel)
export class ModelImportRequestedHandler implements JobHandler<ImportModelSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ path, upload, chatTemplate }: ImportModelSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>(upload ? { upload } : {}, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'imported');
    const source = inputs['upload'] === undefined ? path : join(inputs['upload'], path);
    const { kind, ...metrics } = await this.workers.run<ImportedModel>('importModel', { source, outFolder, chatTemplate }, job);
    return { outputs: { [kind]: await this.artifacts.store(outFolder, kind, job.signal) }, metrics };
  }
}
