import { WorkerBudget } from './worker-budget.js';
import fc from 'fast-check';

const signal = new AbortController().signal;
const demand = (cores: number, memory = 0) => ({ functionName: 'train', cores, memory });
const settled = async (promise: Promise<unknown>) => (await Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(() => resolve(false)))])) === true;

describe('WorkerBudget', () => {
  it('admits in order: a small call does not starve a large one', async () => {
    const budget = new WorkerBudget(4, 100);
    const release = await budget.admit(demand(3), signal);
    const large = budget.admit(demand(4), signal);
    const small = budget.admit(demand(1), signal);
    expect([await settled(large), await settled(small)]).toEqual([false, false]);
    release();
    expect(await settled(large)).toBe(true);
    expect(await settled(small)).toBe(false);
    (await large)();
    expect(await settled(small)).toBe(true);
  });

  it('lets calls pass that need no core', async () => {
    const budget = new WorkerBudget(1, 100);
    await budget.admit(demand(1), signal);
    void budget.admit(demand(1), signal);
    expect(await settled(budget.admit(demand(0, 10), signal))).toBe(true);
  });

  it('lets a waiting call go when it is aborted', async () => {
    const budget = new WorkerBudget(1, 100);
    const release = await budget.admit(demand(1), signal);
    const abort = new AbortController();
    const waiting = budget.admit(demand(1), abort.signal);
    const next = budget.admit(demand(1), signal);
    abort.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    release();
    release();
    expect(await settled(next)).toBe(true);
  });

  it('tells every holder that others wait, once however many do, and those that were admitted past them too', async () => {
    const budget = new WorkerBudget(4, 100);
    const told: string[] = [];
    const tell = (name: string) => () => void told.push(name);
    await budget.admit(demand(1, 50), signal, tell('first'));
    await budget.admit(demand(1, 20), signal, tell('second'));
    expect(told).toEqual([]);
    const large = budget.admit(demand(4), signal);
    expect(told).toEqual(['first', 'second']);
    void budget.admit(demand(1), signal);
    void budget.admit(demand(2), signal);
    expect(told.length).toBe(6); // one telling for each call that came
    await budget.admit(demand(0, 10), signal, tell('passed'));
    expect(told.filter((name) => name === 'passed')).toEqual(['passed']);
    expect(await settled(large)).toBe(false);
  });

  it('says the sum of a call that never fits', async () => {
    const budget = new WorkerBudget(1, 4 * 2 ** 30);
    await expect(budget.admit({ functionName: 'train', cores: 1, memory: { weights: 2 ** 30, gradients: 4 * 2 ** 30 } }, signal)).rejects.toThrow(
      'to fit into the 4.00 GiB that workers may use here; it needs weights 1.00 GiB + gradients 4.00 GiB = 5.00 GiB',
    );
  });

  it('never gives out more than there is, and admits everybody in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ cores: fc.integer({ min: 0, max: 4 }), memory: fc.integer({ min: 0, max: 100 }) }), { maxLength: 20 }), async (demands) => {
        const budget = new WorkerBudget(4, 100);
        const used = { cores: 0, memory: 0 };
        await Promise.all(
          demands.map(async ({ cores, memory }) => {
            const release = await budget.admit(demand(cores, memory), signal);
            used.cores += cores;
            used.memory += memory;
            expect(used.cores <= 4 && used.memory <= 100).toBe(true);
            await new Promise((resolve) => setImmediate(resolve));
            used.cores -= cores;
            used.memory -= memory;
            release();
          }),
        );
        expect(used).toEqual({ cores: 0, memory: 0 });
      }),
      { numRuns: 50 },
    );
  });
});
