import { Logger } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';

export interface BackgroundLoopOptions {
  /** For the log. */
  readonly name: string;
  /** The longest pause between two rounds; `wake` ends it early. */
  readonly everyMilliseconds: number;
  /** One round. Returns true when there is more to do at once. An error is logged, and the loop goes on. */
  readonly body: (signal: AbortSignal) => Promise<boolean | void>;
}

/** Work that a service repeats until it stops: woken when there is something to do, and polling as a backstop. */
export class BackgroundLoop {
  private readonly logger: Logger;
  private readonly stopping = new AbortController();
  // Whoever wakes the loop lends it neither a transaction nor a span.
  private readonly clean = AsyncLocalStorage.snapshot();
  private finished: Promise<void> | undefined;
  private isWoken = false;
  private endPause: (() => void) | undefined;

  constructor(private readonly options: BackgroundLoopOptions) {
    this.logger = new Logger(options.name);
  }

  start(): void {
    this.finished ??= this.clean(() => this.run());
  }

  /** Starts the next round now, or after the present one. */
  wake(): void {
    this.isWoken = true;
    this.endPause?.();
  }

  /** Aborts the signal of the present round and waits for its end. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.endPause?.();
    await this.finished;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.isWoken = false;
      let more: boolean | void = false;
      try {
        more = await this.options.body(signal);
      } catch (error) {
        if (!signal.aborted) this.logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
        // A round that fails at once must not become a hot loop, even when somebody keeps waking it.
        await this.pause(Math.min(this.options.everyMilliseconds, 250));
      }
      if (!more && !this.isWoken && !signal.aborted) await this.pause(this.options.everyMilliseconds);
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.endPause?.(), milliseconds);
      this.endPause = () => {
        clearTimeout(timer);
        this.endPause = undefined;
        resolve();
      };
      if (this.stopping.signal.aborted) this.endPause();
    });
  }
}
