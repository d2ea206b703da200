import { DatasetRegistered } from './events/dataset.events.js';
import type { EventDefinition } from './events/event.js';
import { JobCancelRequested, JobProgressed, SpansFinished } from './events/job-signals.js';
import { stepKinds } from './steps/step-kinds.js';

/** Every event that services exchange. `tests/architecture` checks that each has its owner and its handler. */
export const catalogue: readonly EventDefinition[] = [
  ...stepKinds.flatMap(({ events }) => (events ? [events.requested, events.completed, events.failed, events.cancelled] : [])),
  DatasetRegistered,
  JobProgressed,
  JobCancelRequested,
  SpansFinished,
];

export function findEvent(subject: string): EventDefinition | undefined {
  return catalogue.find((event) => event.subject === subject);
}
