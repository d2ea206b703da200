import { join } from 'node:path';
import { compareDomains, JobMetrics, type CompareDomainsSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { CompareDomainsOptions, DomainComparison } from '@tunesmith/training';

/** What a worker is given to compare. */
export type CompareDomainsInput = CompareDomainsOptions & { readonly outFolder: string };

/** Lays trainings on domains by weight side by side and stores the table. */
@HandlesJob(compareDomains)
export class CompareDomainsRequestedHandler implements JobHandler<CompareDomainsSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ reports, ...options }: CompareDomainsSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stageList(reports, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'comparison');
    const input: CompareDomainsInput = { ...options, reportFolders: inputs.folders, outFolder };
    const comparison = await this.workers.run<DomainComparison>('compareDomains', input, job);
    return { outputs: { comparison: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse({ ...comparison }) };
  }
}
