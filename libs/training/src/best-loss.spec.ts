import fc from 'fast-check';
import { judgeLoss, nothingEvaluated, type BestLoss } from './best-loss.js';

function run(losses: readonly number[], patience?: number): { stoppedAfter: number; state: BestLoss; bests: number[] } {
  let state = nothingEvaluated;
  const bests: number[] = [];
  for (const [index, loss] of losses.entries()) {
    // Through JSON each time: what a resumed run reads back.
    const judged = judgeLoss(JSON.parse(JSON.stringify(state)) as BestLoss, { step: (index + 1) * 10, loss }, patience);
    ({ state } = judged);
    if (judged.isBest) bests.push(index);
    if (judged.stop) return { stoppedAfter: index + 1, state, bests };
  }
  return { stoppedAfter: losses.length, state, bests };
}

describe('judgeLoss', () => {
  test('remembers the first of the lowest losses and the step it was found at', () => {
    const { state, bests } = run([3, 2, 2.5, 2, 1.5, 1.6]);
    expect(bests).toEqual([0, 1, 4]);
    expect(state).toEqual({ best: { step: 50, loss: 1.5 }, withoutBetter: 1 });
  });

  test('stops after that many evaluations in a row without a better loss, and a better one starts the count anew', () => {
    expect(run([3, 3, 2, 2, 2, 1], 2)).toMatchObject({ stoppedAfter: 5, state: { best: { step: 30, loss: 2 }, withoutBetter: 2 } });
    expect(run([3, 3, 2, 2, 1], 2).stoppedAfter).toBe(5);
    expect(run([3, 4, 5, 6]).stoppedAfter).toBe(4);
  });

  test('the best is the minimum of all losses seen', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1 }), fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }), (losses, patience) => {
        const { stoppedAfter, state } = run(losses, patience);
        expect(state.best?.loss).toBe(Math.min(...losses.slice(0, stoppedAfter)));
      }),
    );
  });
});
