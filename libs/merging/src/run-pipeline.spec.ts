import { setTimeout as sleep } from 'node:timers/promises';
import { runPipeline } from './run-pipeline.js';

/** Items are their own cost; 25 holds 10 once it is made. */
function bench(limit: number, failAt: { fetch?: number; make?: number; put?: number } = {}) {
  const log: string[] = [];
  const open = new Set<number>();
  let held = 0;
  let most = 0;
  const run = (items: readonly number[]): Promise<void> => runPipeline(items, limit, {
    cost: (item) => ({ all: item, kept: item === 25 ? 10 : item }),
    async fetch(item) {
      held += item;
      most = Math.max(most, held);
      await sleep(1);
      if (failAt.fetch === item) throw new Error(`fetch ${item}`);
      open.add(item);
      return item;
    },
    make(item, fetched) {
      open.delete(fetched);
      if (failAt.make === item) throw new Error(`make ${item}`);
      if (item === 25) held -= 15;
      log.push(`make ${item}`);
      return fetched;
    },
    async putAway(item) {
      await sleep(2);
      if (failAt.put === item) throw new Error(`put ${item}`);
      held -= item === 25 ? 10 : item;
      log.push(`put ${item}`);
    },
    discard: (fetched) => void open.delete(fetched),
  });
  return { run, log, open, most: () => most };
}

test('makes items in order, reads ahead within the limit, and lets one that exceeds it go alone', async () => {
  const { run, log, open, most } = bench(10);
  await run([4, 5, 3, 25, 2, 6]);
  expect(log.filter((line) => line.startsWith('make'))).toEqual([4, 5, 3, 25, 2, 6].map((item) => `make ${item}`));
  expect(log.filter((line) => line.startsWith('put'))).toHaveLength(6);
  expect(most()).toBe(25);
  expect(open.size).toBe(0);
});

test.each([[{ fetch: 5 }, 'fetch 5'], [{ make: 5 }, 'make 5'], [{ put: 4 }, 'put 4']])('the first failure %p is thrown when everything begun has ended, and nothing is left open', async (failAt, message) => {
  const { run, log, open } = bench(12, failAt);
  await expect(run([4, 5, 3, 7, 2, 6])).rejects.toThrow(message);
  expect(open.size).toBe(0);
  expect(log).not.toContain('make 6');
});

test('no items are no work', async () => {
  const { run, log } = bench(1);
  await run([]);
  expect(log).toEqual([]);
});
