import { join } from 'node:path';
import { compressDelta, type CompressDeltaSpec } from '@tunesmith/contracts';
import type { DeltaCompression } from '@tunesmith/merging';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Compresses what tuning changed, and stores it with the loss that it costs. */
@HandlesJob(compressDelta)
export class CompressDeltaRequestedHandler implements JobHandler<CompressDeltaSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ base, model, dataset, ...settings }: CompressDeltaSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>({ base, model, ...(dataset && { dataset }) }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'delta');
    const { worst, foresight, ...report } = await this.workers.run<DeltaCompression>('compressDelta', { ...settings, base: inputs['base'], model: inputs['model'], datasetFolder: inputs['dataset'], baseName: base.digest, outFolder }, job);
    return {
      outputs: { delta: await this.artifacts.store(outFolder, 'upload', job.signal) },
      metrics: { ...report, worst: worst.map((each) => ({ ...each })), ...(foresight && { perplexity: { restored: foresight.restored.perplexity, tuned: foresight.tuned.perplexity, base: foresight.base.perplexity } }) },
    };
  }
}
