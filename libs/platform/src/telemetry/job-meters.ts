import type { Histogram, Meter } from '@opentelemetry/api';
import type { JobProgress } from '@tunesmith/contracts';

interface Counts {
  readonly due: number;
  readonly running: number;
  /** Milliseconds. */
  readonly oldestDue: number;
}

/** Metrics of the job table, read from the database whenever they are exported: due and running jobs, queue age, durations. */
export class JobMeters {
  private readonly durations: Histogram;
  private readonly speeds: Histogram;

  constructor(meter: Meter, counts: () => Promise<Counts>) {
    const due = meter.createObservableGauge('tunesmith.jobs.due', { description: 'Jobs that wait for a worker.' });
    const running = meter.createObservableGauge('tunesmith.jobs.running', { description: 'Jobs that somebody holds the lease of.' });
    const age = meter.createObservableGauge('tunesmith.jobs.queue.age', { unit: 's', description: 'Age of the job that has been due longest.' });
    this.durations = meter.createHistogram('tunesmith.job.duration', { unit: 's', description: 'Duration of an attempt.' });
    this.speeds = meter.createHistogram('tunesmith.job.tokens_per_second', { description: 'As jobs report it with their progress.' });
    meter.addBatchObservableCallback(
      async (result) => {
        const now = await counts().catch(() => undefined);
        if (!now) return;
        result.observe(due, now.due);
        result.observe(running, now.running);
        result.observe(age, now.oldestDue / 1000);
      },
      [due, running, age],
    );
  }

  progressed(kind: string, { metrics }: JobProgress): void {
    const speed = metrics?.['tokensPerSecond'];
    if (speed !== undefined) this.speeds.record(speed, { kind });
  }

  ended(kind: string, end: string, milliseconds: number): void {
    this.durations.record(milliseconds / 1000, { kind, end });
  }
}
