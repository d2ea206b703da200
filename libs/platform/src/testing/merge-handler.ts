import { merge, type MergeSpec } from '@tunesmith/contracts';
import { HandlesJob } from '../bus/handles.js';
import type { JobHandler, JobResult } from '../jobs/running-job.js';
import { emptyResult } from './train-handlers.js';

@HandlesJob(merge)
class MergeRequestedHandler implements JobHandler<MergeSpec> {
  handle(): Promise<JobResult> {
    return Promise.resolve(emptyResult);
  }
}

/** All that a merger needs to start. */
export const mergeHandlers = [MergeRequestedHandler];
