import { loss } from './loss.js';

const score = (...logProbs: number[]): { prediction: null; logProbs: number[]; metrics: Record<string, number> } => ({ prediction: null, logProbs, metrics: {} });

describe('loss', () => {
  test('is the mean over tokens, not over rows', () => {
    const metrics = loss.metrics([score(-1), score(-2, -3, -2)]);
    expect(metrics).toEqual({ loss: 2, perplexity: expect.closeTo(Math.exp(2), 10) });
  });

  test('its increase is relative to the other model', () => {
    expect(loss.metrics([score(-2.1)], [score(-2)])).toMatchObject({ against_loss: 2, loss_increase: expect.closeTo(0.05, 10) });
    expect(loss.metrics([score(-1)], [score(-2)])).toMatchObject({ loss_increase: -0.5 });
    expect(() => loss.metrics([score(-1)], [score(0)])).toThrow(expect.objectContaining({ code: 'against-loss-zero' }));
  });
});
