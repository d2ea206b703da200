import { join } from 'node:path';
import { evaluate, type ArtifactRef, type EvaluateSpec } from '@tunesmith/contracts';
import type { EvaluateModelOptions, Evaluation } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, PlatformConfig, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/**
 * Scores the model on every task and stores the report with every sample. What a model answered to what stays on this machine, so that an attempt
 * after a crash, a larger limit or another metric asks only for what is missing.
 */
@HandlesJob(evaluate)
export class EvaluateRequestedHandler implements JobHandler<EvaluateSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly config: PlatformConfig) {}

  async handle({ model, against, dataset, definitions, batch, ...settings }: EvaluateSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { model, ...(against ? { against } : {}), ...(dataset ? { dataset } : {}), ...(definitions ? { definitions } : {}) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'evaluation');
    const input: EvaluateModelOptions & { outFolder: string } = {
      ...settings,
      modelFolder: inputs['model']!,
      ...(inputs['against'] === undefined ? {} : { againstFolder: inputs['against'] }),
      ...(inputs['dataset'] === undefined ? {} : { datasetFolder: inputs['dataset'] }),
      ...(inputs['definitions'] === undefined ? {} : { definitionsFolder: inputs['definitions'] }),
      ...(batch === undefined ? {} : { batchRows: batch }),
      cache: { folder: join(this.config.home, 'evaluations'), model: model.digest, ...(against ? { against: against.digest } : {}) },
      outFolder,
    };
    const { metrics } = await this.workers.run<Evaluation>('evaluate', input, job);
    return { outputs: { evaluation: await this.artifacts.store(outFolder, 'evaluation', job.signal) }, metrics: { ...metrics } };
  }
}
