import { chat, targetOf, type ChatSpec } from '@tunesmith/contracts';
import type { Answer } from '@tunesmith/generation';
import { ArtifactStore, HandlesJob, PlatformConfig, WorkerPool, type JobHandler, type JobResult, type RunningJob } from '@tunesmith/platform';
import { adapterOf, placeOf } from './model-place.js';

/** Answers a conversation. */
@HandlesJob(chat)
export class ChatRequestedHandler implements JobHandler<ChatSpec> {
  constructor(private readonly artifacts: ArtifactStore, private readonly workers: WorkerPool, private readonly config: PlatformConfig) {}

  async handle({ model, adapter, gguf, onnx, hf, files, format, dtype, ...options }: ChatSpec, job: RunningJob): Promise<JobResult> {
    const target = targetOf({ model, gguf, onnx, hf, files })!;
    await using inputs = await this.artifacts.stage<string>({ target: target.artifact, ...(adapter && { adapter }) }, job.signal);
    const place = placeOf(target.key, inputs['target']!, { dtype, format, adapter: adapterOf(inputs['adapter'], this.config) });
    const { text, tokenIds } = await this.workers.run<Answer>('chat', { ...options, ...place }, job);
    return { outputs: {}, metrics: { text, tokenIds: [...tokenIds] } };
  }
}
