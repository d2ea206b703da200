import { join } from 'node:path';
import { restoreDelta, type RestoreDeltaSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Makes a tuned model of its base and a compressed delta, and stores it. */
@HandlesJob(restoreDelta)
export class RestoreDeltaRequestedHandler implements JobHandler<RestoreDeltaSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ base, delta }: RestoreDeltaSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ base, delta }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'model');
    const report = await this.workers.run<{ readonly tensors: number }>('restoreDelta', { base: inputs.base, delta: inputs.delta, outFolder }, job);
    return { outputs: { model: await this.artifacts.store(outFolder, 'model', job.signal) }, metrics: { ...report } };
  }
}
