import { join } from 'node:path';
import { merge, type MergeSpec } from '@tunesmith/contracts';
import type { MergeOptions, MergeReport } from '@tunesmith/merging';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Makes one model of a base and an adapter, or of several models, and stores it. */
@HandlesJob(merge)
export class MergeRequestedHandler implements JobHandler<MergeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ base, adapter, models, method, parameters }: MergeSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ base }, job.signal);
    await using adapters = await this.artifacts.stage<string>(adapter ? { adapter } : {}, job.signal);
    await using others = await this.artifacts.stage<string>(Object.fromEntries(models.map((model, index) => [String(index), model])), job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'merged');
    const folders: MergeOptions = {
      base: inputs.base, ...(adapters['adapter'] === undefined ? {} : { adapter: adapters['adapter'] }), models: models.map((_model, index) => others[index]!), method, parameters,
    };
    const report = await this.workers.run<MergeReport>('merge', { ...folders, outFolder }, job);
    return { outputs: { model: await this.artifacts.store(outFolder, 'model', job.signal) }, metrics: { ...report } };
  }
}
