import { JobError } from '@tunesmith/contracts';
import { z } from 'zod';

/** What travels back to who asked. Every frame but the last is itself a request: its reply says that it was taken, and so holds back who answers until there is room. */
export const AnswerFrame = z.discriminatedUnion('kind', [
  /** A sign of life while there is nothing to tell. */
  z.strictObject({ kind: z.literal('alive') }),
  z.strictObject({ kind: z.literal('pieces'), pieces: z.array(z.unknown()) }),
  z.strictObject({ kind: z.literal('answer'), answer: z.unknown() }),
  z.strictObject({ kind: z.literal('error'), error: JobError, retryable: z.boolean() }),
]);
export type AnswerFrame = z.infer<typeof AnswerFrame>;

/** How often who answers gives a sign of life, in milliseconds; who asks waits three times as long for one. */
export const aliveTime = 3000;

/** Where who asked says that it has left. */
export function leavingSubject(inbox: string): string {
  return `${inbox}.left`;
}
