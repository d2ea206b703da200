import { join } from 'node:path';
import { mergeAdapters, type MergeAdaptersSpec } from '@tunesmith/contracts';
import type { AdapterMerge } from '@tunesmith/merging';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Makes one LoRA adapter of several, and stores it. */
@HandlesJob(mergeAdapters)
export class MergeAdaptersRequestedHandler implements JobHandler<MergeAdaptersSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ adapters, ...settings }: MergeAdaptersSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stageList(adapters, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'adapter');
    const report = await this.workers.run<AdapterMerge>('mergeAdapters', { ...settings, adapters: inputs.folders, outFolder }, job);
    return { outputs: { adapter: await this.artifacts.store(outFolder, 'adapter', job.signal) }, metrics: { ...report } };
  }
}
