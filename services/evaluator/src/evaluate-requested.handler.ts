import { join } from 'node:path';
import { evaluate, targetOf, type ArtifactRef, type EvaluateSpec, type TeacherAddress } from '@tunesmith/contracts';
import type { Evaluation, JudgeOptions } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, PlatformConfig, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import { adapterOf, placeOf, type EvaluatedPlace, type EvaluateInput } from './model-place.js';

/**
 * Scores the model on every task and stores the report with every sample. What a model answered to what stays on this machine, so that an attempt
 * after a crash, a larger limit or another metric asks only for what is missing.
 */
@HandlesJob(evaluate)
export class EvaluateRequestedHandler implements JobHandler<EvaluateSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly config: PlatformConfig) {}

  async handle({ model, adapter, gguf, onnx, hf, files, format, address, template, against, dataset, definitions, judge, judgeAddress, judgeNewTokens, batch, fresh, ...settings }: EvaluateSpec, job: RunningJob): Promise<JobResult> {
    const target = targetOf({ model, gguf, onnx, hf, files });
    const refs: Record<string, ArtifactRef> = { ...(target && { target: target.artifact }), ...(adapter ? { adapter } : {}), ...(template ? { template } : {}), ...(against ? { against } : {}), ...(dataset ? { dataset } : {}), ...(definitions ? { definitions } : {}), ...(judge ? { judge } : {}) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'evaluation');
    const place: EvaluatedPlace = target ? placeOf(target.key, inputs['target']!, { dtype: settings.dtype, format, adapter: adapterOf(inputs['adapter'], this.config) }) : { address: address!, ...(inputs['template'] !== undefined && { templateFolder: inputs['template'] }) };
    const input: EvaluateInput = {
      ...settings, ...place,
      ...(inputs['against'] === undefined ? {} : { againstFolder: inputs['against'] }),
      ...(inputs['dataset'] === undefined ? {} : { datasetFolder: inputs['dataset'] }),
      ...(inputs['definitions'] === undefined ? {} : { definitionsFolder: inputs['definitions'] }),
      ...(batch === undefined ? {} : { batchRows: batch }),
      cache: { folder: join(this.config.home, 'evaluations'), model: target ? [target.artifact.digest, ...(target.key === 'model' ? [] : [format ?? 'file'])].join(' ') : [serverName(address!), ...(template ? [template.digest] : [])].join(' '), ...(fresh && { fresh }), ...(adapter ? { adapter: adapter.digest } : {}), ...(against ? { against: against.digest } : {}) },
      ...(judge || judgeAddress ? { judge: { ...this.judgeOf(judge, inputs['judge'], judgeAddress, settings.dtype), journal: { folder: await job.kept(), writer: `${job.jobId}.${job.epoch}` }, maxNewTokens: judgeNewTokens } } : {}),
      outFolder,
    };
    const { metrics, remarks, judge: usage } = await this.workers.run<Evaluation>('evaluate', input, job);
    return { outputs: { evaluation: await this.artifacts.store(outFolder, 'evaluation', job.signal) }, metrics: { ...metrics, ...(remarks.length > 0 && { remarks: [...remarks] }), ...(usage && { judge: { ...usage } }) } };
  }

  /** Names move; the digest of what judges does not. */
  private judgeOf(model: ArtifactRef | undefined, folder: string | undefined, address: TeacherAddress | undefined, dtype: EvaluateSpec['dtype']): Pick<JudgeOptions, 'source' | 'cache'> {
    const cached = (judge: string) => ({ folder: join(this.config.home, 'evaluations'), judge });
    if (address) return { source: { kind: 'address', address }, cache: cached(serverName(address)) };
    return { source: { kind: 'model', folder: folder!, name: model!.digest.slice(0, 'sha256:'.length + 12), dtype: dtype === 'float32' ? 'float32' : 'bfloat16' }, cache: cached(model!.digest) };
  }
}

/** What is kept of a server belongs to this. */
function serverName({ model, url }: TeacherAddress): string {
  return `${model} ${url}`;
}
