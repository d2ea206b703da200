import { mapInParallel } from './map-in-parallel.js';

test('keeps the order, and no more than the limit are under way', async () => {
  let [underWay, most] = [0, 0];
  const results = await mapInParallel([5, 1, 4, 2, 3], 2, async (turns) => {
    most = Math.max(most, (underWay += 1));
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    underWay -= 1;
    return turns * 10;
  });
  expect([results, most]).toEqual([[50, 10, 40, 20, 30], 2]);
  expect(await mapInParallel([], 2, () => Promise.resolve(1))).toEqual([]);
});

test('a failure starts nothing more, and waits for what is under way', async () => {
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    await Promise.resolve();
    if (item === 0) throw new Error('first');
    await Promise.resolve();
    ended.push(item);
  };
  await expect(mapInParallel([0, 1, 2, 3], 2, work)).rejects.toThrow('first');
  expect(ended).toEqual([1]);
});

test('of several failures the first in time is thrown, whichever worker it came to; the others are told to stop', async () => {
  const stopping = new AbortController();
  const work = async (turns: number, place: number): Promise<number> => {
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    if (place === 1) throw new Error('the reason');
    if (stopping.signal.aborted) throw new Error('stopped');
    return place;
  };
  await expect(mapInParallel([9, 2, 9], 3, work, () => stopping.abort())).rejects.toThrow('the reason');
});
