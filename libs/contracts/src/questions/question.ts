import type { z } from 'zod';
import type { ServiceName } from '../events/event.js';

/**
 * Something that somebody waits for: core NATS, answered in pieces, kept nowhere. Who asks goes on waiting or leaves, and then the work ends; work that must survive either
 * is a job instead.
 */
export interface QuestionDefinition<Question extends z.ZodType = z.ZodType, Piece extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  /** Subject with its version, such as `respond.asked.v1`. */
  readonly subject: string;
  /** The service that answers. Of its replicas, any one. */
  readonly owner: ServiceName;
  /** Who asks, and what counts. */
  readonly description: string;
  readonly question: Question;
  /** What comes before the answer, as often as there is something. */
  readonly piece: Piece;
  /** The end of the answer. */
  readonly answer: Answer;
}

export function defineQuestion<Question extends z.ZodType, Piece extends z.ZodType, Answer extends z.ZodType>(definition: QuestionDefinition<Question, Piece, Answer>): QuestionDefinition<Question, Piece, Answer> {
  return Object.freeze(definition);
}
