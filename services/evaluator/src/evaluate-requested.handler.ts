import { join } from 'node:path';
import { evaluate, type EvaluateSpec } from '@tunesmith/contracts';
import type { EvaluateModelOptions, Evaluation } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Scores the model on every task and stores the report with every sample. */
@HandlesJob(evaluate)
export class EvaluateRequestedHandler implements JobHandler<EvaluateSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, against, dataset, tasks, dtype }: EvaluateSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model, dataset }, job.signal);
    await using others = await this.artifacts.stage<string>(against ? { against } : {}, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'evaluation');
    const input: EvaluateModelOptions & { outFolder: string } = {
      modelFolder: inputs.model, ...(others['against'] === undefined ? {} : { againstFolder: others['against'] }), datasetFolder: inputs.dataset, tasks, dtype, outFolder,
    };
    const { metrics } = await this.workers.run<Evaluation>('evaluate', input, job);
    return { outputs: { evaluation: await this.artifacts.store(outFolder, 'evaluation', job.signal) }, metrics: { ...metrics } };
  }
}
