import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { score, type JobMetrics, type ScoreSpec } from '@tunesmith/contracts';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Of scores that stand in the metrics, and so travel in a message. */
const largestRows = 200_000;

/** Gives every token of every row its log-probability and stores the scores. */
@HandlesJob(score)
export class ScoreRequestedHandler implements JobHandler<ScoreSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, adapter, rows, input, dtype }: ScoreSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>({ model, ...(adapter && { adapter }), ...(input && { input }) }, job.signal);
    await using scratch = await job.scratch();
    const outFolder = join(scratch.path, 'scores');
    const source = inputs['input'] === undefined ? { rows } : { rowsFile: join(inputs['input'], 'rows.jsonl') };
    const { count, size } = await this.workers.run<{ count: number; size: number }>('score', { ...source, modelFolder: inputs['model'], ...(adapter && { adapterFolder: inputs['adapter'] }), dtype, outFolder }, job);
    const scores = await this.artifacts.store(outFolder, 'evaluation', job.signal);
    if (size > largestRows) return { outputs: { scores }, metrics: { count } };
    return { outputs: { scores }, metrics: { count, rows: await readRows(join(outFolder, 'rows.jsonl')) } };
  }
}

async function readRows(path: string): Promise<JobMetrics[string][]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as JobMetrics[string]);
}
