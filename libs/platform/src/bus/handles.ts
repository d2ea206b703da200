import 'reflect-metadata';
import { Injectable, type Type } from '@nestjs/common';
import type { EventDefinition, PayloadOf, QuestionDefinition, StepKind } from '@tunesmith/contracts';
import type { z } from 'zod';
import type { JobHandler } from '../jobs/running-job.js';
import type { FactHandler } from './delivery.js';
import type { QuestionHandler } from './question-server.js';

const handlesKey = Symbol('tunesmith:handles');
const handlesJobKey = Symbol('tunesmith:handles-job');
const answersKey = Symbol('tunesmith:answers');

interface HandlesMetadata {
  readonly hears: readonly EventDefinition[];
  readonly emits: readonly EventDefinition[];
}

type PayloadOfAny<Heard> = Heard extends readonly EventDefinition[] ? PayloadOf<Heard[number]> : PayloadOf<Heard>;

/** A class with a `handle` method whose first parameter takes the payload. */
type HandlerClass<Payload> = new (...parameters: never[]) => { handle(payload: Payload, delivery: never): ReturnType<FactHandler['handle']> };

/**
 * Says which facts or signals a class hears and everything it may send, so that the edges of the graph can be read
 * before the body. A fact's `handle` runs inside one database transaction together with its inbox row and what it sends.
 */
export function Handles<Heard extends EventDefinition | readonly EventDefinition[]>(heard: Heard, options: { emits?: readonly EventDefinition[] } = {}) {
  return (target: HandlerClass<PayloadOfAny<Heard>>): void => {
    Injectable()(target);
    const metadata: HandlesMetadata = { hears: Array.isArray(heard) ? (heard as readonly EventDefinition[]) : [heard as EventDefinition], emits: options.emits ?? [] };
    Reflect.defineMetadata(handlesKey, metadata, target);
  };
}

/**
 * Says which kind of job a class does. The request becomes a row in the service's job table; a lease with a fencing
 * epoch makes sure that only one result counts; `handle` is called by the job runner, possibly more than once.
 */
export function HandlesJob<Spec extends z.ZodType>(kind: StepKind<Spec>) {
  return (target: new (...parameters: never[]) => JobHandler<z.output<Spec>>): void => {
    Injectable()(target);
    Reflect.defineMetadata(handlesJobKey, kind, target);
  };
}

/** Says which question a class answers while who asks waits: nothing of it is kept, and it ends when who asked has left. */
export function Answers<Question extends z.ZodType, Piece extends z.ZodType, Answer extends z.ZodType>(definition: QuestionDefinition<Question, Piece, Answer>) {
  return (target: new (...parameters: never[]) => QuestionHandler<z.output<Question>, z.input<Piece>, z.input<Answer>>): void => {
    Injectable()(target);
    Reflect.defineMetadata(answersKey, definition, target);
  };
}

export function questionOf(target: Type | object): QuestionDefinition | undefined {
  return Reflect.getMetadata(answersKey, target) as QuestionDefinition | undefined;
}

export function handlesOf(target: Type | object): HandlesMetadata | undefined {
  return Reflect.getMetadata(handlesKey, target) as HandlesMetadata | undefined;
}

export function jobKindOf(target: Type | object): StepKind | undefined {
  return Reflect.getMetadata(handlesJobKey, target) as StepKind | undefined;
}
