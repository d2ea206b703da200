import { join } from 'node:path';
import { merge, type JobMetrics, type MergeSpec } from '@tunesmith/contracts';
import type { MakeMergedModelOptions, MergedModel, MergeOptions } from '@tunesmith/merging';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/**
 * Makes one model of a base and an adapter, or of several models, and stores it. An attempt after a crash, and a run that is resumed, goes on from the weights
 * that are written.
 */
@HandlesJob(merge)
export class MergeRequestedHandler implements JobHandler<MergeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle(spec: MergeSpec, job: RunningJob): Promise<JobResult> {
    const { base, adapter, models, adapters, dataset, configuration, perplexity, seed, maxShardBytes, ...short } = spec;
    await using staged = await this.artifacts.stage<string>({ ...(base && { base }), ...(adapter && { adapter }), ...(dataset && { dataset }) }, job.signal);
    await using others = await this.artifacts.stageList(models, job.signal);
    await using updates = await this.artifacts.stageList(adapters, job.signal);
    const options: MergeOptions = configuration
      ? { configuration, models: others.folders, adapters: updates.folders, seed, maxShardBytes }
      : { ...short, base: staged['base']!, adapter: staged['adapter'], models: others.folders, seed, maxShardBytes };
    const digests = [...(base ? [base] : []), ...models].map(({ digest }) => digest);
    const outFolder = join(await job.kept(), 'merged');
    const { report, examination } = await this.workers.run<MergedModel>('merge', { merge: options, datasetFolder: staged['dataset'], perplexity, digests, outFolder } satisfies MakeMergedModelOptions & { outFolder: string }, job);
    return { outputs: { model: await this.artifacts.store(outFolder, 'model', job.signal) }, metrics: metricsOf(report, examination) };
  }
}

function metricsOf({ remarks, ...report }: MergedModel['report'], { tokenizer, result, parents, notCompared }: MergedModel['examination']): JobMetrics {
  return {
    ...report, tokenizer, ...(remarks && { remarks: [...remarks] }),
    ...(result ? { perplexity: result.perplexity, bitsPerByte: result.bitsPerByte, parents: parents.map((parent) => ({ ...parent })) } : {}),
    ...(notCompared === null ? {} : { notCompared }),
  };
}
