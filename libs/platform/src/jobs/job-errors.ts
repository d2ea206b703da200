import { PlatformError } from '../errors/platform-error.js';

/** Reason of a job's abort signal: somebody cancelled it. */
export class JobCancelledError extends PlatformError {
  constructor() {
    super({ code: 'cancelled', message: 'the job was cancelled' });
  }
}

/** Reason of a job's abort signal: another process may hold the job by now, so nothing of this one counts any more. */
export class LeaseLostError extends PlatformError {
  constructor(why: string) {
    super({ code: 'lease-lost', message: `the lease of the job is lost: ${why}`, retryable: true });
  }
}

/** Reason of a job's abort signal: the service stops; the job goes on in another process or after the next start. */
export class ServiceStoppingError extends PlatformError {
  constructor() {
    super({ code: 'service-stopping', message: 'the service stops', retryable: true });
  }
}
