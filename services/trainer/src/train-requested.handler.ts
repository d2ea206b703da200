import { join } from 'node:path';
import { train, type ArtifactRef, type TrainSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { TrainOptions, TrainReport } from '@tunesmith/training';

/** Losses that travel in a message: those of a longer training are thinned. */
const largestLoss = 20_000;

/** Tunes the model on the dataset and stores the adapter (LoRA and its kin) or the model. */
@HandlesJob(train)
export class TrainRequestedHandler implements JobHandler<TrainSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, dataset, teacher, ...options }: TrainSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { model, dataset, ...(teacher ? { teacher } : {}) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'tuned');
    const input: TrainOptions & { outFolder: string } = { ...options, modelFolder: inputs['model']!, datasetFolder: inputs['dataset']!, ...(inputs['teacher'] ? { teacherFolder: inputs['teacher'] } : {}), outFolder };
    const report = await this.workers.run<TrainReport>('train', input, job);
    const kind = options.method.kind === 'lora' || options.method.kind === 'adalora' ? 'adapter' : 'model';
    return { outputs: { [kind]: await this.artifacts.store(outFolder, kind, job.signal) }, metrics: { ...report, loss: spread(report.loss) } };
  }
}

/** At most `largestLoss` of the values, evenly spread, the last one among them. */
function spread(values: readonly number[]): number[] {
  const every = Math.ceil(values.length / largestLoss);
  return values.filter((_value, index) => (values.length - 1 - index) % every === 0);
}
