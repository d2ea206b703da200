import { join } from 'node:path';
import { extractAdapter, type ExtractAdapterSpec } from '@tunesmith/contracts';
import type { AdapterExtraction } from '@tunesmith/merging';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Makes a LoRA adapter of what tuning changed, and stores it with what it does not hold. */
@HandlesJob(extractAdapter)
export class ExtractAdapterRequestedHandler implements JobHandler<ExtractAdapterSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ base, model, ...settings }: ExtractAdapterSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ base, model }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'adapter');
    const { unreached, ...report } = await this.workers.run<AdapterExtraction>('extractAdapter', { ...settings, base: inputs.base, model: inputs.model, baseName: base.digest, outFolder }, job);
    return { outputs: { adapter: await this.artifacts.store(outFolder, 'adapter', job.signal) }, metrics: { ...report, unreached: unreached.map((each) => ({ ...each })) } };
  }
}
