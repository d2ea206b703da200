import { join } from 'node:path';
import { detect, JobMetrics, type ArtifactRef, type DetectSpec } from '@tunesmith/contracts';
import type { Detection, DetectOptions } from '@tunesmith/evaluation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** What a worker is given to detect; without domains those of the paper. */
export type DetectInput = Omit<DetectOptions, 'domains'> & Partial<Pick<DetectOptions, 'domains'>> & { readonly outFolder: string };

/** Samples a model, has the samples judged, and stores what domains they were found to be of. */
@HandlesJob(detect)
export class DetectRequestedHandler implements JobHandler<DetectSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, judge, judgeAddress, examples, check, domains, ...settings }: DetectSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { model, ...(judge && { judge }), ...(examples && { examples }), ...(check && { check }) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'detection');
    const input: DetectInput = {
      ...settings, outFolder, modelFolder: inputs['model']!, judge: judgeAddress ? { kind: 'address', address: judgeAddress } : { kind: 'model', folder: inputs['judge']! }, ...(domains && { domains }),
      ...(inputs['examples'] === undefined ? {} : { examplesFolder: inputs['examples'] }), ...(inputs['check'] === undefined ? {} : { checkFolder: inputs['check'] }),
    };
    const { judge: judged, sampling: _sampling, ...found } = await this.workers.run<Detection>('detect', input, job);
    return { outputs: { detection: await this.artifacts.store(outFolder, 'report', job.signal) }, metrics: JobMetrics.parse({ ...found, ...(judged.check && { check: judged.check }) }) };
  }
}
