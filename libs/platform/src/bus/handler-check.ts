import type { Type } from '@nestjs/common';
import { JobCancelRequested, stepKinds, type ServiceName } from '@tunesmith/contracts';
import { PlatformError } from '../errors/platform-error.js';
import { handlesOf, jobKindOf, questionOf } from './handles.js';

/**
 * Checked at start: each request that the service owns has exactly one handler, nothing is handled twice, and each
 * listed class is a handler. One error names everything and says what to add.
 */
export function checkHandlers(service: ServiceName, handlers: readonly Type[]): void {
  const problems: string[] = [];
  const jobs = new Map<string, string[]>();
  const heard = new Map<string, string[]>();
  for (const handler of handlers) {
    const kind = jobKindOf(handler);
    const handles = handlesOf(handler);
    const question = questionOf(handler);
    if (!kind && !handles && !question) problems.push(`${handler.name} is listed in handlers but has neither @Handles nor @HandlesJob nor @Answers; add one, or move it to providers`);
    if (question) {
      note(heard, question.subject, handler.name);
      if (question.owner !== service) problems.push(`${handler.name}: "${question.subject}" belongs to the ${question.owner}; move the handler there, or change the owner in contracts`);
    }
    if (kind) {
      note(jobs, kind.name, handler.name);
      if (!kind.events) problems.push(`${handler.name}: the registry decides "${kind.name}" itself, it is never sent as a job; remove @HandlesJob`);
      else if (kind.owner !== service) problems.push(`${handler.name}: "${kind.name}" belongs to the ${kind.owner}; move the handler there, or change the owner in contracts`);
    }
    for (const event of handles?.hears ?? []) {
      note(heard, event.subject, handler.name);
      if (event.subject === JobCancelRequested.subject) problems.push(`${handler.name}: ${event.subject} is heard by the platform in every service; a job learns of it by its signal`);
      if (event.kind === 'request') problems.push(`${handler.name}: ${event.subject} is a request; use @HandlesJob with its step kind`);
    }
    for (const event of handles?.emits ?? []) {
      if (event.kind !== 'request' && event.owner !== service) problems.push(`${handler.name}: ${event.subject} is the ${event.owner}'s to send; remove it from emits`);
    }
  }
  for (const kind of stepKinds) {
    if (kind.owner === service && kind.events && !jobs.has(kind.name)) {
      problems.push(`nothing handles ${kind.events.requested.subject}; add a class with @HandlesJob(${camelCase(kind.name)}) to the handlers of ${service}`);
    }
  }
  for (const [what, names] of [...jobs, ...heard]) {
    if (names.length > 1) problems.push(`"${what}" is handled by ${names.join(' and ')}; keep one of them`);
  }
  if (problems.length > 0) {
    throw new PlatformError({ code: 'handlers-incomplete', message: `The handlers of the ${service} do not fit the contracts:\n- ${problems.join('\n- ')}`, facts: { problems } });
  }
}

function note(map: Map<string, string[]>, key: string, name: string): void {
  map.set(key, [...(map.get(key) ?? []), name]);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
