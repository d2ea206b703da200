import type { Msg, Subscription } from '@nats-io/transport-node';
import { Logger } from '@nestjs/common';
import type { QuestionDefinition, ServiceName } from '@tunesmith/contracts';
import { z } from 'zod';
import { jobErrorOf } from '../errors/job-error-of.js';
import { PlatformError } from '../errors/platform-error.js';
import { isRetryable } from '../errors/retryable.js';
import type { BusConnection } from './bus-connection.js';
import { InvalidMessageError } from './open-message.js';
import { aliveTime, leavingSubject, type AnswerFrame } from './question-frames.js';

/** What is asked of a handler beside the question. */
export interface Asked<Piece> {
  /** Aborted when who asked has left, or the service stops. */
  readonly signal: AbortSignal;
  /** Sends a piece as soon as those before it have been taken. Never waits; what is sent meanwhile goes together. */
  send(piece: Piece): void;
}

/** A class that answers a question; the answer is sent after all pieces. */
export interface QuestionHandler<Question = unknown, Piece = unknown, Answer = unknown> {
  answer(question: Question, asked: Asked<Piece>): Promise<Answer>;
}

/** Of a piece that its reader has no room for; a reader that is slower has left. */
const takingTime = 120_000;

/** Hears the questions that a service answers, of all its replicas one each. */
export class QuestionServer {
  private readonly logger = new Logger('Bus');
  private readonly subscriptions: Subscription[] = [];
  private readonly closing = new AbortController();
  private readonly open = new Set<Promise<void>>();

  constructor(private readonly service: ServiceName, private readonly connection: BusConnection) {}

  listen<Question extends z.ZodType, Piece extends z.ZodType, Answer extends z.ZodType>(definition: QuestionDefinition<Question, Piece, Answer>, handler: QuestionHandler<z.output<Question>, z.input<Piece>, z.input<Answer>>): void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error || !message.reply) return void this.logger.warn(`${definition.subject}: expected a question with an address for its answer; ${error?.message ?? 'there was none'}`);
      const answered = this.answer(definition, handler, message.reply, message).catch((failure: unknown) => this.logger.warn(`${definition.subject}: could not be answered: ${String(failure)}`));
      this.open.add(answered);
      void answered.then(() => this.open.delete(answered));
    };
    this.subscriptions.push(this.connection.nats.subscribe(definition.subject, { queue: this.service, callback }));
  }

  /** Hears no further question; those under way end with an error that another try may mend. */
  async close(): Promise<void> {
    for (const subscription of this.subscriptions.splice(0)) subscription.unsubscribe();
    this.closing.abort(new PlatformError({ code: 'service-stopping', retryable: true, message: `Expected the ${this.service} to go on; it stops. Try again in a moment.` }));
    await Promise.all(this.open);
  }

  private async answer<Question extends z.ZodType>(definition: QuestionDefinition<Question>, handler: QuestionHandler<z.output<Question>, never>, inbox: string, message: Msg): Promise<void> {
    const { nats } = this.connection;
    const left = new AbortController();
    const leave = (): void => left.abort(new DOMException('who asked has left', 'AbortError'));
    const leaving = nats.subscribe(leavingSubject(inbox), { max: 1, callback: leave });
    const signal = AbortSignal.any([left.signal, this.closing.signal]);
    const tell = async (frame: AnswerFrame, timeout: number): Promise<void> => {
      await nats.request(inbox, JSON.stringify(frame), { timeout }).catch(leave);
    };
    const alive = setInterval(() => void tell({ kind: 'alive' }, 3 * aliveTime), aliveTime);
    const pieces = new PieceSender((waiting) => tell({ kind: 'pieces', pieces: waiting }, takingTime));
    const end = (frame: AnswerFrame): void => nats.publish(inbox, JSON.stringify(frame));
    try {
      const question = definition.question.safeParse(message.json());
      if (!question.success) throw new InvalidMessageError({ code: 'invalid-message', message: `expected a question that fits ${definition.subject}; got one with these problems: ${z.prettifyError(question.error)}` });
      // Who has left is not waited for, whatever the handler makes of it.
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      const answer = await Promise.race([handler.answer(question.data, { signal, send: (piece: unknown) => pieces.send(piece) }), aborted]);
      await pieces.sent();
      if (!left.signal.aborted) end({ kind: 'answer', answer });
    } catch (error) {
      if (!left.signal.aborted) end({ kind: 'error', error: jobErrorOf(error), retryable: isRetryable(error) });
    } finally {
      clearInterval(alive);
      leaving.unsubscribe();
    }
  }
}

/** One frame under way at a time; what comes meanwhile waits for the next. */
class PieceSender {
  private waiting: unknown[] = [];
  private sending: Promise<void> | undefined;

  constructor(private readonly deliver: (pieces: unknown[]) => Promise<void>) {}

  send(piece: unknown): void {
    this.waiting.push(piece);
    this.sending ??= this.run();
  }

  async sent(): Promise<void> {
    await this.sending;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) await this.deliver(this.waiting.splice(0));
    this.sending = undefined;
  }
}
