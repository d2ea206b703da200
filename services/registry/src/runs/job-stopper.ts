import { Injectable } from '@nestjs/common';
import { JobCancelRequested } from '@tunesmith/contracts';
import { Bus, Database } from '@tunesmith/platform';
import type { EntityManager, QueryRunner } from 'typeorm';

/** Tells jobs to stop. The signal may be lost: until a job has ended, the reconciler tells it again. */
@Injectable()
export class JobStopper {
  private readonly uncommitted = new WeakMap<QueryRunner, () => void>();

  constructor(private readonly bus: Bus, database: Database) {
    database.onCommit((runner) => {
      const stop = runner && this.uncommitted.get(runner);
      if (runner) this.uncommitted.delete(runner);
      stop?.();
    });
  }

  stop(jobId: string, project: string): void {
    this.bus.signal(JobCancelRequested, { jobId }, { project });
  }

  stopAfterCommit(jobs: readonly string[], project: string, transaction: EntityManager): void {
    if (transaction.queryRunner) this.uncommitted.set(transaction.queryRunner, () => jobs.forEach((jobId) => this.stop(jobId, project)));
  }
}
