import { z } from 'zod';
import { Id, Name } from '../ids.js';
import { defineEvent } from './event.js';

/** How far a job is. `total` is absent where it is not known. */
export const JobProgress = z.strictObject({
  phase: z.string().describe('What is being done, such as `train` or `download`.'),
  done: z.number().nonnegative(),
  total: z.number().positive().optional(),
  unit: z.string().optional(),
  message: z.string().optional().describe('One log line.'),
  metrics: z.record(z.string(), z.number()).optional().describe('Such as loss and tokensPerSecond.'),
});
export type JobProgress = z.infer<typeof JobProgress>;

export const JobProgressed = defineEvent({
  subject: 'job.progressed.v1', kind: 'signal', owner: 'registry',
  description: 'Sent by the service that runs the job, a few times a second at most; the registry shows it to watchers. May be lost.',
  payload: z.strictObject({ jobId: Id, runId: Id, step: Name, progress: JobProgress }),
});

export const JobCancelRequested = defineEvent({
  subject: 'job.cancel-requested.v1', kind: 'signal', owner: 'registry',
  description: 'Sent by the registry, also again by its reconciler until the job has ended; every service looks whether the job is its own.',
  payload: z.strictObject({ jobId: Id }),
});

/** Finished spans, so that the embedded trace view needs no collector. One item is one span. */
export const FinishedSpan = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/), spanId: z.string().regex(/^[0-9a-f]{16}$/), parentSpanId: z.string().optional(),
  links: z.array(z.strictObject({ traceId: z.string(), spanId: z.string() })),
  name: z.string(), kind: z.string(), service: z.string(),
  startTime: z.number().describe('Milliseconds since 1970, with fraction.'), endTime: z.number(),
  status: z.enum(['unset', 'ok', 'error']), statusMessage: z.string().optional(),
  attributes: z.record(z.string(), z.json()),
});
export type FinishedSpan = z.infer<typeof FinishedSpan>;

export const SpansFinished = defineEvent({
  subject: 'telemetry.spans-finished.v1', kind: 'signal', owner: 'registry',
  description: 'Sent by every service; the registry keeps the spans for `tunesmith trace`.',
  payload: z.strictObject({ spans: z.array(FinishedSpan) }),
});
