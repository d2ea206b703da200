import { trace } from '@opentelemetry/api';
import { PlatformError } from '../errors/platform-error.js';
import { defineWorker, type ConversationContext, type WorkContext } from '../compute/worker-module.js';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Functions that behave well, badly and worse. */
export default defineWorker(
  {
    square: (input: { values: Float32Array }) => Promise.resolve({ values: input.values.map((value) => value * value), pid: process.pid }),
    /** When it was called, in nanoseconds of the clock that all processes share. */
    stamp: () => Promise.resolve(process.hrtime.bigint()),
    environment: () => Promise.resolve({ threads: process.env['OMP_NUM_THREADS'], secret: process.env['TUNESMITH_S3_SECRET_KEY'], extra: process.env['EXTRA'], device: process.env['TUNESMITH_DEVICE'], conditions: process.execArgv }),
    phases: async (_input: unknown, { onProgress }: WorkContext) => {
      for (const phase of ['read', 'train', 'write']) for (let done = 0; done <= 500; done += 1) onProgress({ phase, done, total: 500 });
      await trace.getTracer('fixture').startActiveSpan('inner', async (span) => span.end());
      return null;
    },
    fail: () => Promise.reject(new PlatformError({ code: 'empty-loss-mask', message: 'expected an answer to learn', facts: { row: 7 } })),
    failRetryably: () => Promise.reject(new PlatformError({ code: 'busy', message: 'busy', retryable: true })),
    obey: async (_input: unknown, { signal, onProgress }: WorkContext) => {
      onProgress({ phase: 'obeying', done: 0 });
      while (!signal.aborted) await pause(5);
      throw signal.reason;
    },
    ignore: async (_input: unknown, { onProgress }: WorkContext) => {
      onProgress({ phase: 'ignoring', done: 0 });
      for (;;) await pause(50);
    },
    block: async (_input: unknown, { onProgress }: WorkContext) => {
      onProgress({ phase: 'blocking', done: 0 });
      await pause(50); // Lets the report out.
      for (;;) Math.sqrt(2); // As native code would: the event loop stands still.
    },
    die: async (input: { how: 'kill' | 'exit' }, { onProgress }: WorkContext) => {
      onProgress({ phase: 'dying', done: 0 });
      await pause(50);
      if (input.how === 'kill') process.kill(process.pid, 'SIGKILL');
      process.exit(3);
    },
    echo: async (_input: unknown, { send, onMessage }: ConversationContext) => {
      const said: unknown[] = [];
      await new Promise<void>((resolve) => onMessage((message) => (message === 'bye' ? resolve() : (said.push(message), send({ heard: message })))));
      return said;
    },
    wait: async (input: { milliseconds: number }, { onProgress }: WorkContext) => {
      onProgress({ phase: 'waiting', done: 0 });
      await pause(input.milliseconds);
      return process.pid;
    },
  },
  {
    predictMemory: { square: ({ values }: { values: Float32Array }) => ({ inputs: values.byteLength, outputs: values.byteLength }), wait: ({ memory = 0 }: { memory?: number }) => memory, echo: ({ memory = 0 }: { memory?: number }) => memory },
    cores: { wait: 1, echo: 0 },
    device: 'cpu',
  },
);
