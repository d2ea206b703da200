import type { BeforeApplicationShutdown } from '@nestjs/common';
import { respond, type RespondAnswer, type RespondPiece, type RespondQuestion } from '@tunesmith/contracts';
import type { ServeRequest } from '@tunesmith/generation';
import { Answers, ArtifactStore, PlatformConfig, PlatformError, WorkerPool, type Asked, type QuestionHandler } from '@tunesmith/platform';
import { adapterCacheOf } from './model-place.js';
import { ServedModels } from './serving/served-models.js';

/** Answers a client of a served model while it waits. */
@Answers(respond)
export class RespondAskedHandler implements QuestionHandler<RespondQuestion, RespondPiece, RespondAnswer>, BeforeApplicationShutdown {
  private readonly models: ServedModels;

  constructor(artifacts: ArtifactStore, workers: WorkerPool, private readonly config: PlatformConfig) {
    this.models = new ServedModels(artifacts, workers, { ...config.serving, adapterCache: adapterCacheOf(config) });
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.models.stop();
  }

  async answer({ model, ...request }: RespondQuestion, { signal, send }: Asked<RespondPiece>): Promise<RespondAnswer> {
    const { timeLimit } = this.config.serving;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new PlatformError({ code: 'time-limit', message: `Expected an answer within ${timeLimit / 1000} s; it took longer. Ask for fewer tokens.`, facts: { seconds: timeLimit / 1000 } })), timeLimit);
    try {
      const served = await this.models.of(model);
      return (await served.answer(request as ServeRequest, (piece) => send(copyOf(piece)), AbortSignal.any([signal, late.signal]))) as RespondAnswer;
    } finally {
      clearTimeout(timer);
    }
  }
}

function copyOf({ text, tokens }: { text: string; tokens: readonly unknown[] }): RespondPiece {
  return { text, tokens: tokens as RespondPiece['tokens'] };
}
