import { join } from 'node:path';
import { compare, type ArtifactRef, type CompareSpec } from '@tunesmith/contracts';
import type { CompareOptions, Comparison } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Lays evaluations side by side and stores the table with its pictures. */
@HandlesJob(compare)
export class CompareRequestedHandler implements JobHandler<CompareSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ evaluations, reports, ...settings }: CompareSpec, job: RunningJob): Promise<JobResult> {
    await using staged = await this.artifacts.stage<string>({ ...named('evaluation', evaluations), ...named('report', reports) }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'comparison');
    const input: CompareOptions & { outFolder: string } = {
      ...settings,
      evaluationFolders: evaluations.map((_, index) => staged[`evaluation-${index}`]!),
      reportFolders: reports.map((_, index) => staged[`report-${index}`]!),
      outFolder,
    };
    const { metrics } = await this.workers.run<Comparison>('compare', input, job);
    return { outputs: { comparison: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: { ...metrics } };
  }
}

function named(prefix: string, refs: readonly ArtifactRef[]): Record<string, ArtifactRef> {
  return Object.fromEntries(refs.map((ref, index) => [`${prefix}-${index}`, ref]));
}
