import { JobProgressed, type PayloadOf } from '@tunesmith/contracts';
import { done, Handles, type Outcome } from '@tunesmith/platform';
import { RunWatchers } from './runs/run-watchers.js';

/** Shows the progress of jobs to those who watch their runs. */
@Handles(JobProgressed)
export class JobProgressedHandler {
  constructor(private readonly watchers: RunWatchers) {}

  async handle(progress: PayloadOf<typeof JobProgressed>): Promise<Outcome> {
    this.watchers.progressed(progress);
    return done();
  }
}
