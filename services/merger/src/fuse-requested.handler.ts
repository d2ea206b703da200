import { join } from 'node:path';
import { fuse, type FuseSpec, type JobMetrics } from '@tunesmith/contracts';
import type { FuseOptions, FuseReport } from '@tunesmith/fusion';
import { vocabularyOptions } from './vocabulary-options.js';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** What a worker is given to fuse. */
export interface FuseInput extends FuseOptions {
  readonly outFolders: { readonly dataset: string; readonly report: string };
}

/** Fuses what several models said of a dataset, and stores the dataset with that teacher and a report of the alignment. */
@HandlesJob(fuse)
export class FuseRequestedHandler implements JobHandler<FuseSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ dataset, pivot, sources, vocabulary, score, unmapped, ...settings }: FuseSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ dataset, pivot }, job.signal);
    await using others = await this.artifacts.stageList(sources, job.signal);
    await using scratch = await job.scratch();
    const outFolders = { dataset: join(scratch.path, 'dataset'), report: join(scratch.path, 'report') };
    const options: FuseOptions = {
      ...settings, datasetFolder: inputs.dataset, pivotFolder: inputs.pivot, sourceFolders: others.folders,
      vocabulary: vocabularyOptions({ vocabulary, score, unmapped }),
    };
    const report = await this.workers.run<FuseReport & JobMetrics>('fuse', { ...options, outFolders } satisfies FuseInput, job);
    const outputs = { dataset: await this.artifacts.store(outFolders.dataset, 'dataset', job.signal), report: await this.artifacts.store(outFolders.report, 'report', job.signal) };
    return { outputs, metrics: report };
  }
}
