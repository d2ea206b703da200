import type { JobProgress } from '@tunesmith/contracts';

const shortestPause = 100;

/** Passes on at most ten reports a second, and always the first and last of a phase and those with a log line. */
export class ProgressThrottle {
  private phase: string | undefined;
  private sentAt = -Infinity;
  private held: JobProgress | undefined;

  constructor(private readonly send: (progress: JobProgress) => void) {}

  note(progress: JobProgress): void {
    const now = performance.now();
    if (progress.phase !== this.phase) this.flush();
    if (progress.phase !== this.phase || progress.message !== undefined || now - this.sentAt >= shortestPause || progress.done === progress.total) {
      this.held = undefined;
      this.phase = progress.phase;
      this.sentAt = now;
      this.send(progress);
    } else {
      this.held = progress;
    }
  }

  flush(): void {
    if (this.held) this.send(this.held);
    this.held = undefined;
  }
}
