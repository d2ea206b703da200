import { basename, join } from 'node:path';
import { importModel, type ImportModelSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, PlatformError, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import { differingFiles, fileStamps } from './models/file-stamps.js';
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
    const before = await fileStamps(source);
    const { kind, ...metrics } = await this.workers.run<ImportedModel>('importModel', { source, outFolder, chatTemplate }, job);
    expectUnchanged(source, differingFiles(before, await fileStamps(source)));
    return { outputs: { [kind]: await this.artifacts.store(outFolder, kind, job.signal) }, metrics };
  }
}

/** Half of one state of a model and half of another would load, and be neither. */
function expectUnchanged(source: string, files: readonly string[]): void {
  if (files.length === 0) return;
  throw new PlatformError({
    code: 'model-changed', facts: { path: source, files: files.slice(0, 100) },
    message: `expected ${source} to stay as it is while it is imported; ${files.slice(0, 5).map((path) => basename(path)).join(', ')} changed meanwhile, so nothing of it is kept. Import it again when nothing writes to it any more.`,
  });
}
