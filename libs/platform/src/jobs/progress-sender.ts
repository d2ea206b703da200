import { JobProgressed, type JobProgress } from '@tunesmith/contracts';
import type { Bus } from '../bus/bus.js';
import type { JobEntity } from './job.entity.js';

/** At most four signals a second for each job. */
const shortestPause = 250;

/** Tells watchers how far a job is: each new phase and log line at once, the rest thinned out, the last one always. */
export class ProgressSender implements Disposable {
  private sentAt = -Infinity;
  private phase: string | undefined;
  private waiting: JobProgress | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly bus: Pick<Bus, 'signal'>, private readonly job: JobEntity) {}

  send(progress: JobProgress): void {
    const now = performance.now();
    if (progress.phase !== this.phase || progress.message !== undefined || now - this.sentAt >= shortestPause) {
      this.flush();
      this.publish(progress);
      return;
    }
    this.waiting = progress;
    this.timer ??= setTimeout(() => this.flush(), shortestPause - (now - this.sentAt)).unref();
  }

  [Symbol.dispose](): void {
    this.flush();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting) this.publish(this.waiting);
  }

  private publish(progress: JobProgress): void {
    this.waiting = undefined;
    this.phase = progress.phase;
    this.sentAt = performance.now();
    this.bus.signal(JobProgressed, { jobId: this.job.id, runId: this.job.runId, step: this.job.step, progress }, { project: this.job.project });
  }
}
