import { exitCodes } from './exit-codes.js';

/**
 * Ctrl-C. The first one asks what is running to stop (see `during`) or, where nothing needs to stop, leaves; the second
 * one leaves at once.
 */
export class Interrupts {
  private readonly handlers: (() => void)[] = [];
  private asked = false;

  listen(): void {
    process.on('SIGINT', () => {
      const handler = this.handlers.at(-1);
      if (this.asked || !handler) process.exit(exitCodes.interrupted);
      this.asked = true;
      handler();
    });
  }

  /** While `body` runs, the first Ctrl-C calls `handler` instead of leaving. */
  async during<Result>(handler: () => void, body: () => Promise<Result>): Promise<Result> {
    this.handlers.push(handler);
    try {
      return await body();
    } finally {
      this.handlers.splice(this.handlers.lastIndexOf(handler), 1);
    }
  }

  /** Forgets a Ctrl-C that was handled, where the command goes on (an interactive chat). */
  forget(): void {
    this.asked = false;
  }
}
