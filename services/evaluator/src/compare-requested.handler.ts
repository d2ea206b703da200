import { join } from 'node:path';
import { compare, type CompareSpec } from '@tunesmith/contracts';
import type { CompareOptions, Comparison } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Lays evaluations side by side and stores the table with its pictures. */
@HandlesJob(compare)
export class CompareRequestedHandler implements JobHandler<CompareSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ evaluations, reports, ...settings }: CompareSpec, job: RunningJob): Promise<JobResult> {
    await using evaluated = await this.artifacts.stageList(evaluations, job.signal);
    await using trained = await this.artifacts.stageList(reports, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'comparison');
    const input: CompareOptions & { outFolder: string } = { ...settings, evaluationFolders: evaluated.folders, reportFolders: trained.folders, outFolder };
    const { metrics } = await this.workers.run<Comparison>('compare', input, job);
    return { outputs: { comparison: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: { ...metrics } };
  }
}
