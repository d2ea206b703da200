import { join } from 'node:path';
import { represent, type RepresentSpec } from '@tunesmith/contracts';
import type { RepresentOptions, RepresentReport } from '@tunesmith/fusion';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Stores what a model expects at every token of a dataset that an assistant says. */
@HandlesJob(represent)
export class RepresentRequestedHandler implements JobHandler<RepresentSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, pivot, dataset, ...settings }: RepresentSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model, pivot, dataset }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'distributions');
    const options: RepresentOptions = { ...settings, modelFolder: inputs.model, pivotFolder: inputs.pivot, datasetFolder: inputs.dataset };
    const report = await this.workers.run<RepresentReport>('represent', { ...options, outFolder }, job);
    return { outputs: { distributions: await this.artifacts.store(outFolder, 'distributions', job.signal) }, metrics: { ...report } };
  }
}
