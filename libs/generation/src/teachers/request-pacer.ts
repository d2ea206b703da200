import { setTimeout as sleep } from 'node:timers/promises';

/** Spaces requests evenly, so that no minute has more than the server allows. */
export class RequestPacer {
  private next = 0;

  constructor(private readonly perMinute: number | undefined) {}

  /** Resolves when the next request may be sent. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.perMinute === undefined) return;
    const now = performance.now();
    const at = Math.max(now, this.next);
    this.next = at + 60_000 / this.perMinute;
    if (at > now) await sleep(at - now, undefined, { signal });
  }
}
