import { Logger } from '@nestjs/common';
import { eventually } from '@tunesmith/tests-support';
import { AsyncLocalStorage } from 'node:async_hooks';
import { BackgroundLoop } from './background-loop.js';

beforeAll(() => Logger.overrideLogger(false));

const loop = (body: (signal: AbortSignal) => Promise<boolean | void>, everyMilliseconds = 60_000) => new BackgroundLoop({ name: 'spec', everyMilliseconds, body });

it('runs at once, then when woken, then as often as it says', async () => {
  let rounds = 0;
  const sleepy = loop(() => Promise.resolve(void (rounds += 1)));
  sleepy.start();
  await eventually('the first round', () => rounds === 1);
  sleepy.wake();
  await eventually('the second round', () => rounds === 2);
  await sleepy.stop();
  const often = loop(() => Promise.resolve(void (rounds += 1)), 5);
  often.start();
  await eventually('many rounds', () => rounds > 6);
  await often.stop();
});

it('goes on at once while there is more, and does not miss a wake during a round', async () => {
  const left = [1, 2, 3];
  let rounds = 0;
  const busy = loop(async () => {
    rounds += 1;
    if (rounds === 4) busy.wake();
    await new Promise((resolve) => setImmediate(resolve));
    return left.pop() !== undefined;
  });
  busy.start();
  await eventually('five rounds', () => rounds === 5);
  await busy.stop();
  expect(rounds).toBe(5);
});

it('goes on after an error, but not hot', async () => {
  const rounds: number[] = [];
  const failing = loop(() => {
    rounds.push(performance.now());
    failing.wake();
    return Promise.reject(new Error('always'));
  }, 20);
  failing.start();
  await eventually('five rounds', () => rounds.length >= 5);
  await failing.stop();
  // A timer may be late, never much too early.
  for (const [index, at] of rounds.slice(1).entries()) expect(at - rounds[index]!).toBeGreaterThan(15);
});

it('aborts its round when it stops, and waits for its end', async () => {
  let isEnded = false;
  const long = loop(async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    isEnded = true;
  });
  long.start();
  await long.stop();
  expect(isEnded).toBe(true);
});

it('runs in the context it was made in, whoever wakes it', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const clean = loop(() => Promise.resolve(void seen.push(storage.getStore())));
  storage.run('of whoever starts it', () => clean.start());
  await eventually('the first round', () => seen.length === 1);
  storage.run('of whoever wakes it', () => clean.wake());
  await eventually('the second round', () => seen.length === 2);
  await clean.stop();
  expect(seen).toEqual([undefined, undefined]);
});
