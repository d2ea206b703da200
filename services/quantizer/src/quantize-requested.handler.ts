import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quantize, type ArtifactRef, type JobMetrics, type QuantizeSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/**
 * Writes smaller files, each loaded and asked by the runtime that it is for, and stores them by runtime. An attempt after a crash, and a run that is resumed, goes on from the layers of
 * packed folders and compensated GGUF files that are done.
 */
@HandlesJob(quantize)
export class QuantizeRequestedHandler implements JobHandler<QuantizeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, dataset, calibration, importance, adapter, ...options }: QuantizeSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage({ model }, job.signal);
    await using others = await this.artifacts.stage<string>({ ...(dataset && { dataset }), ...(calibration && { calibration }), ...(importance && { importance }), ...(adapter && { adapter }) }, job.signal);
    await using scratch = await job.scratch();
    const outFolders = { gguf: join(scratch.path, 'gguf'), onnx: join(scratch.path, 'onnx'), hf: join(scratch.path, 'hf') };
    const folders = { modelFolder: inputs.model, datasetFolder: others['dataset'], calibrationFolder: others['calibration'], importanceFolder: others['importance'], adapterFolder: others['adapter'], outFolders };
    const layerByLayer = Boolean(options.compensate) || options.to.some((target) => target.startsWith('hf/'));
    const layersFolder = layerByLayer ? join(await job.kept(), 'layers') : undefined;
    const { metrics } = await this.workers.run<{ metrics: JobMetrics }>('quantize', { ...options, ...folders, layersFolder }, job);
    const outputs: Record<string, ArtifactRef> = {};
    for (const kind of ['gguf', 'onnx', 'hf'] as const) if (existsSync(outFolders[kind])) outputs[kind] = await this.artifacts.store(outFolders[kind], kind, job.signal);
    return { outputs, metrics };
  }
}
