import { defineQuestion } from '@tunesmith/contracts';
import { eventually, NatsServer } from '@tunesmith/tests-support';
import { z } from 'zod';
import { PlatformError } from '../errors/platform-error.js';
import { Asker } from './asker.js';
import { BusConnection } from './bus-connection.js';
import { QuestionServer, type Asked } from './question-server.js';

// A question over a real broker: from one connection to another and back.

const count = defineQuestion({ subject: 'count.asked.v1', owner: 'evaluator', description: 'For this spec.', question: z.strictObject({ to: z.int() }), piece: z.int(), answer: z.strictObject({ sum: z.int() }) });

let nats: NatsServer;
let connections: BusConnection[];
let asker: Asker;
let server: QuestionServer;
const idle = new AbortController().signal;

beforeAll(async () => {
  nats = await NatsServer.start();
  connections = [await BusConnection.open({ url: nats.url, name: 'asks', replicas: 1 }), await BusConnection.open({ url: nats.url, name: 'answers', replicas: 1 })];
  asker = new Asker(connections[0]!);
});
beforeEach(() => void (server = new QuestionServer('evaluator', connections[1]!)));
afterEach(() => server.close());
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await nats[Symbol.asyncDispose]();
});

/** Answers until the broker knows of it. */
async function listen(answer: (question: { to: number }, asked: Asked<number>) => Promise<{ sum: number }>): Promise<void> {
  server.listen(count, { answer });
  await connections[1]!.nats.flush();
}

test('pieces come in their order, and the answer after the last of them', async () => {
  await listen(({ to }, { send }) => {
    for (let piece = 1; piece <= to; piece += 1) send(piece);
    return Promise.resolve({ sum: (to * (to + 1)) / 2 });
  });
  const pieces: number[] = [];
  expect(await asker.ask(count, { to: 100 }, { signal: idle, onPieces: (more) => void pieces.push(...more) })).toEqual({ sum: 5050 });
  expect(pieces).toEqual(Array.from({ length: 100 }, (_, place) => place + 1));
});

test('a reader without room holds back what comes: it is put together, and no more than one message is under way', async () => {
  const sent = Promise.withResolvers<void>();
  await listen(async (_question, { send }) => {
    send(1);
    await sent.promise;
    send(2);
    send(3);
    return { sum: 6 };
  });
  const taken: number[][] = [];
  const room = Promise.withResolvers<void>();
  const answer = asker.ask(count, { to: 3 }, {
    signal: idle,
    onPieces: async (pieces) => {
      taken.push(pieces);
      if (taken.length === 1) await room.promise;
    },
  });
  await eventually('the first piece', () => taken.length === 1);
  sent.resolve();
  await connections[1]!.nats.flush();
  expect(taken).toEqual([[1]]);
  room.resolve();
  expect(await answer).toEqual({ sum: 6 });
  expect(taken).toEqual([[1], [2, 3]]);
});

test('who leaves ends the work', async () => {
  const ended = Promise.withResolvers<string>();
  await listen((_question, { send, signal }) => {
    signal.addEventListener('abort', () => ended.resolve((signal.reason as Error).message), { once: true });
    send(1);
    return new Promise(() => undefined);
  });
  const leaving = new AbortController();
  await expect(asker.ask(count, { to: 1 }, { signal: leaving.signal, onPieces: () => leaving.abort(new Error('gone home')) })).rejects.toThrow('gone home');
  expect(await ended.promise).toContain('left');
});

test('errors keep their code and facts; what fits no question, and nobody there, are told', async () => {
  await listen(({ to }) => Promise.reject(new PlatformError({ code: 'too-many-requests', message: 'no more', facts: { to }, retryable: true })));
  const ask = (question: { to: number }) => asker.ask(count, question, { signal: idle, onPieces: () => undefined });
  await expect(ask({ to: 7 })).rejects.toMatchObject({ code: 'too-many-requests', facts: { to: 7 }, retryable: true });
  await expect(ask({ to: 0.5 })).rejects.toMatchObject({ code: 'invalid-message' });
  await server.close();
  await expect(ask({ to: 1 })).rejects.toMatchObject({ code: 'nobody-answers', retryable: true });
});

test('a service that stops ends its answers with an error that another try may mend', async () => {
  const asked = Promise.withResolvers<void>();
  await listen((_question, { signal }) => {
    asked.resolve();
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  });
  const answer = expect(asker.ask(count, { to: 1 }, { signal: idle, onPieces: () => undefined })).rejects.toMatchObject({ code: 'service-stopping', retryable: true });
  await asked.promise;
  await server.close();
  await answer;
});
