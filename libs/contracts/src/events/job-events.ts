import { z } from 'zod';
import { ArtifactRef } from '../artifact-ref.js';
import { Id, Name } from '../ids.js';
import { defineEvent, type EventDefinition, type ServiceName } from './event.js';

/** Why a job failed, as data: the CLI prints it, a recipe's run keeps it. */
export const JobError = z.strictObject({
  code: z.string().describe('Stable, such as `empty-loss-mask`.'),
  message: z.string().describe('What was expected, what came, what to try.'),
  facts: z.record(z.string(), z.json()).default({}),
});
export type JobError = z.infer<typeof JobError>;

const jobIdentity = { jobId: Id, runId: Id, step: Name };

/** Named artifacts that a job made, such as `{ adapter }`. */
export const JobOutputs = z.record(z.string(), ArtifactRef);
export type JobOutputs = z.infer<typeof JobOutputs>;

/** Small numbers and texts that a job reports; a gate reads them. */
export const JobMetrics = z.record(z.string(), z.json());
export type JobMetrics = z.infer<typeof JobMetrics>;

export function requestPayload<Spec extends z.ZodType>(spec: Spec) {
  return z.strictObject({ ...jobIdentity, spec });
}

export const CompletedPayload = z.strictObject({ ...jobIdentity, outputs: JobOutputs, metrics: JobMetrics });
export type CompletedPayload = z.infer<typeof CompletedPayload>;

export const FailedPayload = z.strictObject({ ...jobIdentity, error: JobError });
export type FailedPayload = z.infer<typeof FailedPayload>;

export const CancelledPayload = z.strictObject(jobIdentity);

export interface JobEvents<Spec extends z.ZodType> {
  readonly requested: EventDefinition<ReturnType<typeof requestPayload<Spec>>>;
  readonly completed: EventDefinition<typeof CompletedPayload>;
  readonly failed: EventDefinition<typeof FailedPayload>;
  readonly cancelled: EventDefinition<typeof CancelledPayload>;
}

/** The four events of one kind of job. `counts` says what `completed` promises. */
export function defineJobEvents<Spec extends z.ZodType>(area: string, owner: ServiceName, spec: Spec, counts: string): JobEvents<Spec> {
  return {
    requested: defineEvent({
      subject: `${area}.requested.v1`, kind: 'request', owner, payload: requestPayload(spec),
      description: `Sent by the registry when a run reaches the step; the ${owner} claims the job.`,
    }),
    completed: defineEvent({
      subject: `${area}.completed.v1`, kind: 'fact', owner, payload: CompletedPayload,
      description: `Sent once by the ${owner}; the registry advances the run. ${counts}`,
    }),
    failed: defineEvent({
      subject: `${area}.failed.v1`, kind: 'fact', owner, payload: FailedPayload,
      description: `Sent by the ${owner} when the job cannot succeed or has used its attempts; the registry fails the step.`,
    }),
    cancelled: defineEvent({
      subject: `${area}.cancelled.v1`, kind: 'fact', owner, payload: CancelledPayload,
      description: `Sent by the ${owner} when a cancelled job has stopped; no result of it will be taken any more.`,
    }),
  };
}
