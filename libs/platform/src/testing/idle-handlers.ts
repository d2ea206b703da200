import type { Type } from '@nestjs/common';
import { stepKinds, type ServiceName, type StepKind } from '@tunesmith/contracts';
import { HandlesJob, jobKindOf } from '../bus/handles.js';
import type { JobResult } from '../jobs/running-job.js';

/** Handlers of the other jobs of a service, which no test sends: a service that leaves one out does not start. */
export function idleHandlers(service: ServiceName, handlers: readonly Type[]): Type[] {
  const handled = handlers.map((handler) => jobKindOf(handler)?.name);
  return stepKinds.filter(({ name, owner, events }) => owner === service && events && !handled.includes(name)).map(idleHandler);
}

function idleHandler(kind: StepKind): Type {
  class IdleHandler {
    handle(): Promise<JobResult> {
      throw new Error(`expected no test to send a job of ${kind.name}`);
    }
  }
  HandlesJob(kind)(IdleHandler);
  return IdleHandler;
}
