import { DatasetRegistered } from './events/dataset.events.js';
import type { EventDefinition } from './events/event.js';
import { JobCancelRequested, JobProgressed, SpansFinished } from './events/job-signals.js';
import type { QuestionDefinition } from './questions/question.js';
import { respond } from './questions/respond.js';
import { stepKinds } from './steps/step-kinds.js';

/** Every event that services exchange. `tests/architecture` checks that each has its owner and its handler. */
export const catalogue: readonly EventDefinition[] = [
  ...stepKinds.flatMap(({ events }) => (events ? [events.requested, events.completed, events.failed, events.cancelled] : [])),
  DatasetRegistered,
  JobProgressed,
  JobCancelRequested,
  SpansFinished,
];

/** Every question that services ask each other. */
export const questions: readonly QuestionDefinition[] = [respond];

export function findEvent(subject: string): EventDefinition | undefined {
  return catalogue.find((event) => event.subject === subject);
}
