import type { Type } from '@nestjs/common';
import { handlesOf, jobKindOf, questionOf } from './handles.js';

export interface EventMapEntry {
  /** Class name of the handler. */
  readonly handler: string;
  readonly hears: readonly string[];
  readonly emits: readonly string[];
  /** The step kind, where the handler does a job. */
  readonly job?: string;
  /** The subject of the question that it answers. */
  readonly question?: string;
}

/** Who hears and sends what, read from the decorators: for the event map and `tests/architecture`. */
export function eventMap(handlers: readonly Type[]): EventMapEntry[] {
  return handlers.map((handler) => {
    const kind = jobKindOf(handler);
    if (kind?.events) {
      const { requested, completed, failed, cancelled } = kind.events;
      return { handler: handler.name, hears: [requested.subject], emits: [completed.subject, failed.subject, cancelled.subject], job: kind.name };
    }
    const question = questionOf(handler);
    if (question) return { handler: handler.name, hears: [question.subject], emits: [], question: question.subject };
    const handles = handlesOf(handler);
    return { handler: handler.name, hears: handles?.hears.map(({ subject }) => subject) ?? [], emits: handles?.emits.map(({ subject }) => subject) ?? [] };
  });
}
