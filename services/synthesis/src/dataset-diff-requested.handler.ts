import { join } from 'node:path';
import { diffDatasets, JobMetrics, type DiffDatasetsSpec } from '@tunesmith/contracts';
import type { DatasetDifference, DiffDatasetsOptions } from '@tunesmith/datasets';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** What a worker is given to compare. */
export interface DiffDatasetsInput extends DiffDatasetsOptions {
  readonly outFolder: string;
}

/** Compares two stored datasets row by row. */
@HandlesJob(diffDatasets)
export class DatasetDiffRequestedHandler implements JobHandler<DiffDatasetsSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ left, right, examples }: DiffDatasetsSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ left, right }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'report');
    const input: DiffDatasetsInput = { leftFolder: inputs.left, rightFolder: inputs.right, examples, outFolder };
    const difference = await this.workers.run<DatasetDifference>('diffDatasets', input, job);
    return { outputs: { report: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse(difference) };
  }
}
