import { join } from 'node:path';
import { JobMetrics, train, type ArtifactRef, type TrainSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import type { TrainOptions, TrainPlaces, TrainReport } from '@tunesmith/training';

/** Losses that travel in a message: those of a longer training are thinned. The report has all of them. */
const largestLoss = 20_000;

/** What a worker is given to train. */
export interface TrainInput extends TrainOptions {
  readonly outFolders: { readonly tuned: string; readonly report: string };
  readonly checkpoints: TrainPlaces['checkpoints'];
}

/**
 * Tunes the model on the dataset and stores the adapter (LoRA and its kin) or the model, and a report with the plot of the loss. An attempt
 * after a crash, and a run that is resumed, goes on from the last checkpoint.
 */
@HandlesJob(train)
export class TrainRequestedHandler implements JobHandler<TrainSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, adapter, dataset, teacher, detection, referenceModel, referenceReports = [], plan, ...settings }: TrainSpec, job: RunningJob): Promise<JobResult> {
    const reports = Object.fromEntries(referenceReports.map((report, place) => [`referenceReport${place + 1}`, report]));
    const refs: Record<string, ArtifactRef> = { model, ...(adapter && { adapter }), dataset, ...(teacher && { teacher }), ...(detection && { detection }), ...(referenceModel && { referenceModel }), ...reports };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    const given = (name: string, key: keyof TrainOptions): Partial<TrainOptions> => (inputs[name] === undefined ? {} : { [key]: inputs[name] });
    const options: TrainOptions = {
      ...settings, modelFolder: inputs['model']!, datasetFolder: inputs['dataset']!, ...given('adapter', 'adapterFolder'), ...given('teacher', 'teacherFolder'), ...given('detection', 'detectionFolder'), ...given('referenceModel', 'referenceFolder'),
      ...(referenceReports.length > 0 ? { referenceReportFolders: Object.keys(reports).map((name) => inputs[name]!) } : {}),
    };
    if (plan) return { outputs: {}, metrics: await this.workers.run<JobMetrics>('plan', options, job) };

    await using scratch = await job.scratch();
    const outFolders = { tuned: join(scratch.path, 'tuned'), report: join(scratch.path, 'report') };
    const checkpoints = { folder: await job.kept(), writer: `${job.jobId}.${job.epoch}`, inputs: Object.fromEntries(Object.entries(refs).map(([name, { digest }]) => [name, digest])) };
    const { loss, evaluations = [], longRows, ...figures } = await this.workers.run<TrainReport>('train', { ...options, outFolders, checkpoints } satisfies TrainInput, job);
    const kind = options.method.kind === 'lora' || options.method.kind === 'adalora' ? 'adapter' : 'model';
    const outputs = { [kind]: await this.artifacts.store(outFolders.tuned, kind, job.signal), report: await this.artifacts.store(outFolders.report, 'report', job.signal) };
    return { outputs, metrics: JobMetrics.parse({ ...figures, loss: spread(loss), ...(longRows && { longRows }), ...(evaluations.length > 0 ? { evaluations: spread(evaluations) } : {}) }) };
  }
}

/** At most `largestLoss` of the values, evenly spread, the last one among them. */
function spread<Value>(values: readonly Value[]): Value[] {
  const every = Math.ceil(values.length / largestLoss);
  return values.filter((_value, index) => (values.length - 1 - index) % every === 0);
}
