import { chat, type ChatSpec } from '@tunesmith/contracts';
import type { Answer } from '@tunesmith/generation';
import { ArtifactStore, HandlesJob, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';

/** Answers a conversation. */
@HandlesJob(chat)
export class ChatRequestedHandler implements JobHandler<ChatSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool) {}

  async handle({ model, adapter, ...options }: ChatSpec, job: RunningJob): Promise<JobResult> {
    await using inputs = await this.artifacts.stage<string>({ model, ...(adapter && { adapter }) }, job.signal);
    const { text, tokenIds } = await this.workers.run<Answer>('chat', { ...options, modelFolder: inputs['model'], ...(adapter && { adapterFolder: inputs['adapter'] }) }, job);
    return { outputs: {}, metrics: { text, tokenIds: [...tokenIds] } };
  }
}
