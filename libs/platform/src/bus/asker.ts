import { createInbox, type Msg } from '@nats-io/transport-node';
import type { QuestionDefinition } from '@tunesmith/contracts';
import type { z } from 'zod';
import { PlatformError } from '../errors/platform-error.js';
import type { BusConnection } from './bus-connection.js';
import { AnswerFrame, aliveTime, leavingSubject } from './question-frames.js';

export interface AskOptions<Piece> {
  /** Leaving ends the work. */
  readonly signal: AbortSignal;
  /** Pieces in their order. Nothing more is sent before it has resolved; what comes meanwhile is put together. */
  readonly onPieces: (pieces: Piece[]) => void | Promise<void>;
}

/** Asks questions: over core NATS, with answers that come in pieces. Nothing is kept: who asks waits, or leaves. */
export class Asker {
  constructor(private readonly connection: BusConnection) {}

  /**
   * Resolves with the answer once every piece has been taken.
   *
   * @throws PlatformError `question-too-large`, `nobody-answers` (no service hears the question, or it died meanwhile), and the error of who answers with its code and
   * facts; the reason of `signal`.
   */
  async ask<Question extends z.ZodType, Piece extends z.ZodType, Answer extends z.ZodType>(
    definition: QuestionDefinition<Question, Piece, Answer>, question: z.input<Question>, { signal, onPieces }: AskOptions<z.output<Piece>>,
  ): Promise<z.output<Answer>> {
    signal.throwIfAborted();
    const { nats } = this.connection;
    const body = JSON.stringify(question);
    const most = nats.info?.max_payload ?? 1 << 20;
    if (Buffer.byteLength(body) > most) {
      throw new PlatformError({ code: 'question-too-large', message: `Expected a request of at most ${most} bytes; it has ${Buffer.byteLength(body)}. Shorten it.`, facts: { most } });
    }
    const inbox = createInbox();
    const { promise, resolve, reject } = Promise.withResolvers<z.output<Answer>>();
    let silence: NodeJS.Timeout | undefined;
    const nobody = (why: string): void => reject(new PlatformError({ code: 'nobody-answers', retryable: true, message: `Expected an answer to ${definition.subject} from the ${definition.owner}; ${why}. Is the service running?` }));
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => nobody(`it gave no sign of life for ${(3 * aliveTime) / 1000} s`), 3 * aliveTime);
    };
    // Pieces and the end are taken one after the other; signs of life at once, also while a piece waits for room.
    let taken = Promise.resolve();
    const take = async (message: Msg): Promise<void> => {
      heard();
      if (message.headers?.code === 503) return nobody('there is none');
      const frame = AnswerFrame.parse(message.json());
      if (frame.kind === 'alive') return void message.respond();
      taken = taken.then(async () => {
        if (frame.kind === 'pieces') {
          await onPieces(frame.pieces.map((piece) => definition.piece.parse(piece)));
          message.respond();
        } else if (frame.kind === 'answer') resolve(definition.answer.parse(frame.answer));
        else reject(new PlatformError({ ...frame.error, retryable: frame.retryable }));
      });
      await taken;
    };
    const subscription = nats.subscribe(inbox, { callback: (error, message) => (error ? reject(error) : void take(message).catch(reject)) });
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    try {
      heard();
      nats.publish(definition.subject, body, { reply: inbox });
      return await promise;
    } catch (error) {
      if (!nats.isClosed()) nats.publish(leavingSubject(inbox));
      throw error;
    } finally {
      clearTimeout(silence);
      subscription.unsubscribe();
      signal.removeEventListener('abort', leave);
    }
  }
}
