import { join } from 'node:path';
import { merge, type ArtifactRef, type JobMetrics, type MergeSpec } from '@tunesmith/contracts';
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
    await using staged = await this.artifacts.stage<string>({ ...(base && { base }), ...(adapter && { adapter }), ...(dataset && { dataset }), ...numbered('model', models), ...numbered('adapter', adapters) }, job.signal);
    const folders = (name: string, refs: readonly ArtifactRef[]): string[] => refs.map((_, index) => staged[`${name} ${index}`]!);
    const options: MergeOptions = configuration
      ? { configuration, models: folders('model', models), adapters: folders('adapter', adapters), seed, maxShardBytes }
      : { ...short, base: staged['base']!, adapter: staged['adapter'], models: folders('model', models), seed, maxShardBytes };
    const digests = [...(base ? [base] : []), ...models].map(({ digest }) => digest);
    const outFolder = join(await job.kept(), 'merged');
    const { report, examination } = await this.workers.run<MergedModel>('merge', { merge: options, datasetFolder: staged['dataset'], perplexity, digests, outFolder } satisfies MakeMergedModelOptions & { outFolder: string }, job);
    return { outputs: { model: await this.artifacts.store(outFolder, 'model', job.signal) }, metrics: metricsOf(report, examination) };
  }
}

function numbered(name: string, refs: readonly ArtifactRef[]): Record<string, ArtifactRef> {
  return Object.fromEntries(refs.map((ref, index) => [`${name} ${index}`, ref]));
}

function metricsOf(report: MergedModel['report'], { tokenizer, result, parents, notCompared }: MergedModel['examination']): JobMetrics {
  return {
    ...report, tokenizer,
    ...(result ? { perplexity: result.perplexity, bitsPerByte: result.bitsPerByte, parents: parents.map((parent) => ({ ...parent })) } : {}),
    ...(notCompared === null ? {} : { notCompared }),
  };
}
