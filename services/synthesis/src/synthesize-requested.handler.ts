import { join } from 'node:path';
import { synthesize, type SynthesizeSpec } from '@tunesmith/contracts';
import type { CompletedRows } from '@tunesmith/generation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Completes the rows that wait for an answer and stores the dataset that comes of it. */
@HandlesJob(synthesize)
export class SynthesizeRequestedHandler implements JobHandler<SynthesizeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, dataset, maxNewTokens, placeholders }: SynthesizeSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model, dataset }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'dataset');
    const { metrics } = await this.workers.run<CompletedRows>('completeRows', { modelFolder: inputs.model, datasetFolder: inputs.dataset, maxNewTokens, placeholders, outFolder }, job);
    return { outputs: { dataset: await this.artifacts.store(outFolder, 'dataset', job.signal) }, metrics: { ...metrics } };
  }
}
