import { cp, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { importFiles, type ImportFilesSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Stores files as they are. Links are followed; what begins with a dot is no part of a folder. */
@HandlesJob(importFiles)
export class FilesImportRequestedHandler implements JobHandler<ImportFilesSpec> {
  constructor(private readonly artifacts: ArtifactStore) {}

  async handle({ path, upload }: ImportFilesSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>(upload ? { upload } : {}, job.signal);
    await using scratch = await job.scratch();
    const source = inputs['upload'] === undefined ? path : join(inputs['upload'], path);
    const folder = join(scratch.path, 'files');
    const target = (await stat(source)).isDirectory() ? folder : join(folder, basename(source));
    await cp(source, target, { recursive: true, dereference: true, filter: (each) => each === source || !basename(each).startsWith('.') });
    job.signal.throwIfAborted();
    return { outputs: { upload: await this.artifacts.store(folder, 'upload', job.signal) }, metrics: {} };
  }
}
