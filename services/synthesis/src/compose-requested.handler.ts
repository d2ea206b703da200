import { join } from 'node:path';
import { compose, type ArtifactRef, type ComposeSpec } from '@tunesmith/contracts';
import type { ComposedReport, ComposeOptions } from '@tunesmith/datasets';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** What a worker is given to compose. */
export interface ComposeInput extends ComposeOptions {
  /** What was detected, where the shares are not given. */
  readonly detectionFolder?: string;
  readonly outFolder: string;
}

/** Draws rows of domains by weight and stores the dataset that comes of it. */
@HandlesJob(compose)
export class ComposeRequestedHandler implements JobHandler<ComposeSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ dataset, detection, model, rows, tokens, ...settings }: ComposeSpec, job: RunningJob): Promise<JobResult> {
    const refs: Record<string, ArtifactRef> = { dataset, ...(detection && { detection }), ...(model && { model }) };
    await using inputs = await this.artifacts.stage(refs, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'dataset');
    const input: ComposeInput = {
      ...settings, outFolder, datasetFolder: inputs['dataset']!, amount: tokens === undefined ? { rows: rows! } : { tokens },
      ...(inputs['detection'] === undefined ? {} : { detectionFolder: inputs['detection'] }), ...(inputs['model'] === undefined ? {} : { modelFolder: inputs['model'] }),
    };
    const { composition } = await this.workers.run<ComposedReport>('compose', input, job);
    const { domains, ...counts } = composition;
    const metrics = { ...counts, heldOutAlone: [...counts.heldOutAlone], domains: Object.fromEntries(Object.entries(domains).map(([name, domain]) => [name, { ...domain }])) };
    return { outputs: { dataset: await this.artifacts.store(outFolder, 'dataset', job.signal) }, metrics };
  }
}
