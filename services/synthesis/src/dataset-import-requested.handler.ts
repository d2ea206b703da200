import { join } from 'node:path';
import { importDataset, JobMetrics, type ImportDatasetSpec } from '@tunesmith/contracts';
import type { DatasetReport } from '@tunesmith/datasets';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Validates rows from outside and stores them in canonical form with a report. */
@HandlesJob(importDataset)
export class DatasetImportRequestedHandler implements JobHandler<ImportDatasetSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ path, upload, skipInvalid }: ImportDatasetSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>(upload ? { upload } : {}, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'dataset');
    const source = inputs['upload'] === undefined ? path : join(inputs['upload'], path);
    const report = await this.workers.run<DatasetReport>('importDataset', { path: source, skipInvalid, outFolder }, job);
    return { outputs: { dataset: await this.artifacts.store(outFolder, 'dataset', job.signal) }, metrics: JobMetrics.parse(report) };
  }
}
