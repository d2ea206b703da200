import { randomBytes } from 'node:crypto';
import type { FinishedSpan } from '@tunesmith/contracts';
import type { RunStepEntity } from './run-step.entity.js';
import type { RunEntity } from './run.entity.js';

// A run lasts longer than a process may live, so its spans are not held open in memory: their ids are chosen when the run and its steps
// start, travel with every request, and the spans are written when the run and its steps end.

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/** W3C trace context, sampled. */
export function traceparentOf(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}

/** The root span of an ended run. What caused the run has a trace of its own, named in an attribute. */
export function spanOfRun(run: RunEntity): FinishedSpan {
  return {
    traceId: run.traceId, spanId: run.spanId, links: [],
    name: `run ${run.recipe}`, kind: 'internal', service: 'registry', startTime: Date.parse(run.createdAt), endTime: Date.parse(run.finishedAt ?? run.createdAt),
    status: run.status === 'succeeded' ? 'ok' : 'error', ...(run.status === 'succeeded' ? {} : { statusMessage: run.status }),
    attributes: {
      'tunesmith.run.id': run.id, 'tunesmith.run.status': run.status, 'tunesmith.recipe': run.recipe, 'tunesmith.project': run.project,
      ...(run.causedBy === null ? {} : { 'tunesmith.run.cause': run.causedBy }),
    },
  };
}

/** The span of an ended step: from its request to its fact. */
export function spanOfStep(run: RunEntity, step: RunStepEntity, spanId: string): FinishedSpan {
  const endTime = Date.parse(step.finishedAt ?? run.createdAt);
  return {
    traceId: run.traceId, spanId, parentSpanId: run.spanId, links: [],
    name: `step ${step.name}`, kind: 'internal', service: 'registry', startTime: step.startedAt ? Date.parse(step.startedAt) : endTime, endTime,
    status: step.status === 'succeeded' ? 'ok' : 'error', ...(step.error ? { statusMessage: step.error.message } : step.status === 'succeeded' ? {} : { statusMessage: step.status }),
    attributes: {
      'tunesmith.run.id': run.id, 'tunesmith.step': step.name, 'tunesmith.step.uses': step.uses, 'tunesmith.step.status': step.status, 'tunesmith.step.cached': step.cached,
      'tunesmith.step.attempt': step.attempt, ...(step.jobId ? { 'tunesmith.job.id': step.jobId } : {}),
    },
  };
}
