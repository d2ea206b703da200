import { join } from 'node:path';
import { agree, type AgreeSpec } from '@tunesmith/contracts';
import type { Agreement, AgreementOptions } from '@tunesmith/fusion';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import { vocabularyOptions } from './vocabulary-options.js';

/** Counts how often a model expects the token that others expect. */
@HandlesJob(agree)
export class AgreeRequestedHandler implements JobHandler<AgreeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, sources, dataset, names, split, transfer, ...vocabulary }: AgreeSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>({ model, ...(dataset && { dataset }) }, job.signal);
    await using others = await this.artifacts.stageList(sources, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'agreement');
    const options: AgreementOptions = {
      modelFolder: inputs['model']!, sourceFolders: others.folders, split, transfer, vocabulary: vocabularyOptions(vocabulary), ...(names === undefined ? {} : { names }), ...(dataset && { datasetFolder: inputs['dataset']! }),
    };
    const metrics = await this.workers.run<Agreement>('agree', { ...options, outFolder }, job);
    return { outputs: { evaluation: await this.artifacts.store(outFolder, 'evaluation', job.signal) }, metrics: { ...metrics } };
  }
}
