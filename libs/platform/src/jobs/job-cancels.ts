import type { Database } from '../database/database.js';
import type { JobStore } from './job-store.js';

/** Hears that jobs are to be cancelled: JobCancelRequested reaches every service, each looks whether the job is its own. */
export class JobCancels {
  constructor(private readonly database: Database, private readonly store: JobStore, private readonly abort: (jobId: string) => void) {}

  async cancel(jobId: string): Promise<void> {
    const found = await this.database.transaction((manager) => this.store.cancel(manager, jobId));
    // Only now that it is committed: the runner reads the row when it ends the job.
    if (found === 'running') this.abort(jobId);
  }
}
