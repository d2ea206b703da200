import type { ServerResponse } from 'node:http';
import type { RespondAnswer, RespondPiece } from '@tunesmith/contracts';
import { beginEvents } from '../http/begin-events.js';
import type { CompletionFormat } from './completion-format.js';

/** An answer as server-sent events, in OpenAI's way: no names, and `data: [DONE]` at the end. */
export class CompletionStream {
  private endEvents: (() => void) | undefined;

  constructor(private readonly response: ServerResponse, private readonly format: CompletionFormat<object>, private readonly withUsage: boolean) {}

  begin(): void {
    this.endEvents = beginEvents(this.response);
    const first = this.format.first();
    if (first) this.write(first);
  }

  /** Resolves when there is room for more. */
  async pieces(pieces: readonly RespondPiece[], signal: AbortSignal): Promise<void> {
    for (const piece of pieces) this.write(this.format.chunk(piece));
    if (!this.response.writableNeedDrain || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.response.off('drain', go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.response.once('drain', go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  end(answer: RespondAnswer): void {
    for (const document of this.format.last(answer)) this.write(document);
    if (this.withUsage) this.write(this.format.usage(answer));
    this.response.write('data: [DONE]\n\n');
  }

  /** What went wrong after the answer had begun. */
  fail(error: object): void {
    this.write(error);
  }

  close(): void {
    this.endEvents?.();
  }

  private write(document: object): void {
    this.response.write(`data: ${JSON.stringify(document)}\n\n`);
  }
}
