import type { Type } from '@nestjs/common';
import { DatasetRegistered, evaluate, train, type EventDefinition, type PayloadOf, type TrainSpec } from '@tunesmith/contracts';
import type { Delivery } from '../bus/delivery.js';
import { Handles, HandlesJob } from '../bus/handles.js';
import type { Outcome } from '../bus/outcome.js';
import type { JobResult, RunningJob } from '../jobs/running-job.js';

/** A job handler that does what the test says. */
export function trainHandler(body: (spec: TrainSpec, job: RunningJob) => Promise<JobResult>): Type {
  @HandlesJob(train)
  class TrainRequestedHandler {
    handle(spec: TrainSpec, job: RunningJob): Promise<JobResult> {
      return body(spec, job);
    }
  }
  return TrainRequestedHandler;
}

export const emptyResult: JobResult = { outputs: {}, metrics: {} };
export const doesNothing = trainHandler(() => Promise.resolve(emptyResult));

/** A handler of facts that does what the test says; it may send `evaluate.requested`. */
export function datasetHandler(body: (payload: PayloadOf<typeof DatasetRegistered>, delivery: Delivery) => Promise<Outcome>, emits: readonly EventDefinition[] = [evaluate.events!.requested]): Type {
  @Handles(DatasetRegistered, { emits })
  class DatasetRegisteredHandler {
    handle(payload: PayloadOf<typeof DatasetRegistered>, delivery: Delivery): Promise<Outcome> {
      return body(payload, delivery);
    }
  }
  return DatasetRegisteredHandler;
}
