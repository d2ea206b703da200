import { join } from 'node:path';
import { JobMetrics, reportDataset, type ArtifactRef, type ReportDatasetSpec } from '@tunesmith/contracts';
import type { DatasetReport, ReportBuilderOptions } from '@tunesmith/datasets';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { CountedModel } from './counted-model.js';

/** What a worker is given to describe. */
export interface ReportDatasetInput extends Omit<ReportBuilderOptions, 'tokens'>, CountedModel {
  readonly datasetFolder: string;
  readonly outFolder: string;
}

/** Describes a stored dataset, under the tokenizer of a model where one is given. */
@HandlesJob(reportDataset)
export class DatasetReportRequestedHandler implements JobHandler<ReportDatasetSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ dataset, model, nearDuplicateThreshold }: ReportDatasetSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { dataset, ...(model && { model }) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'report');
    const input: ReportDatasetInput = { datasetFolder: inputs['dataset']!, outFolder, nearDuplicateThreshold, ...(model && { modelFolder: inputs['model']!, modelDigest: model.digest }) };
    const report = await this.workers.run<DatasetReport>('describeDataset', input, job);
    return { outputs: { report: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse(report) };
  }
}
