import { Logger } from '@nestjs/common';
import { JobCancelledError, LeaseLostError } from './job-errors.js';
import type { JobStore, Lease } from './job-store.js';

export interface LeaseTimes {
  readonly leaseTime: number;
  readonly renewTime: number;
}

/**
 * Renews a lease until it is closed, and aborts when the job must not go on: cancelled, taken by somebody else, or not
 * confirmed for three quarters of the lease. The holder gives up before the database does; its own clock (monotonic)
 * measures only how long ago it asked.
 */
export class LeaseKeeper implements Disposable {
  private readonly logger = new Logger('Jobs');
  private readonly timers: NodeJS.Timeout[];
  private confirmedAt = performance.now();
  private isRenewing = false;

  constructor(private readonly store: JobStore, private readonly lease: Lease, private readonly times: LeaseTimes, private readonly abort: (reason: Error) => void) {
    const patience = times.leaseTime * 0.75;
    this.timers = [
      setInterval(() => void this.renew(), times.renewTime),
      setInterval(() => {
        if (performance.now() - this.confirmedAt > patience) this.abort(new LeaseLostError(`no renewal was confirmed for ${Math.round(patience)} ms`));
      }, Math.max(20, patience / 20)),
    ];
  }

  /** Asks now instead of at the next turn. */
  async renew(): Promise<void> {
    if (this.isRenewing) return;
    this.isRenewing = true;
    const askedAt = performance.now();
    try {
      const status = await this.store.renew(this.lease, this.times.leaseTime);
      if (status === undefined) return this.abort(new LeaseLostError('another process has taken the job, or it has ended'));
      this.confirmedAt = askedAt;
      if (status === 'cancel-requested') this.abort(new JobCancelledError());
    } catch (error) {
      this.logger.warn(`job ${this.lease.id}: its lease could not be renewed, trying again: ${String(error)}`);
    } finally {
      this.isRenewing = false;
    }
  }

  [Symbol.dispose](): void {
    this.timers.forEach((timer) => clearInterval(timer));
  }
}
