import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { importDataset, JobMetrics, type ArtifactRef, type ImportDatasetSpec } from '@tunesmith/contracts';
import type { DatasetReport, ImportDatasetOptions } from '@tunesmith/datasets';
import { ArtifactStore, HandlesJob, RemoteFiles, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { CountedModel } from './counted-model.js';

/** What a worker is given to import. */
export interface ImportDatasetInput extends Omit<ImportDatasetOptions, 'tokens'>, CountedModel {
  readonly path: string;
  readonly outFolder: string;
}

/** Validates rows from outside and stores them in canonical form with a report. */
@HandlesJob(importDataset)
export class DatasetImportRequestedHandler implements JobHandler<ImportDatasetSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly remote: RemoteFiles) {}

  async handle({ path, upload, model, skipInvalid, ignoreKeys, nearDuplicateThreshold, dropDuplicates }: ImportDatasetSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { ...(upload && { upload }), ...(model && { model }) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'dataset');
    const source = inputs['upload'] === undefined ? await this.fetched(path, scratch.path, job) : join(inputs['upload'], path);
    const input: ImportDatasetInput = {
      path: source, outFolder, skipInvalid, nearDuplicateThreshold, ...(ignoreKeys && { ignoreKeys }), ...(dropDuplicates && { dropDuplicates }), ...(model && { modelFolder: inputs['model']!, modelDigest: model.digest }),
    };
    const report = await this.workers.run<DatasetReport>('importDataset', input, job);
    return { outputs: { dataset: await this.artifacts.store(outFolder, 'dataset', job.signal) }, metrics: JobMetrics.parse(report) };
  }

  /** A path of this machine as it is; what an address gives as a file of the job's own. */
  private async fetched(path: string, scratch: string, job: RunningJob): Promise<string> {
    if (!RemoteFiles.isAddress(path)) return path;
    const folder = join(scratch, 'fetched');
    await mkdir(folder);
    return this.remote.fetch(path, folder, { signal: job.signal, onBytes: (done, total) => job.progress({ phase: 'fetch', done, ...(total === undefined ? {} : { total }), unit: 'bytes' }) });
  }
}
