import type { Row } from '@tunesmith/datasets';
import { askableSources, planOptions } from '../testing/task-sources.js';
import { taskMetrics } from '../task-metrics.js';
import { loss } from './loss.js';

const row: Row = { messages: [{ role: 'user', content: 'Q' }, { role: 'assistant', content: 'A' }], split: 'validation', tags: ['general'] };
const settings = { kind: 'loss', name: 'forgetting', tag: 'general' };
const score = (...logProbs: number[]) => ({ prediction: null, logProbs, metrics: {} });
const planned = async () => (await loss.plan(settings, askableSources([row]), planOptions)).tasks[0]!;

describe('loss', () => {
  test('is the mean over tokens, not over rows', async () => {
    const task = await planned();
    expect(task.items).toMatchObject([{ prompt: 'Q', target: 'A', requests: [{ kind: 'answer_loss', messages: row.messages }] }]);
    expect(task.score(task.items[0]!, [{ logProbs: [-1, -3] }])).toEqual({ prediction: null, logProbs: [-1, -3], metrics: { loss: 2 } });
    expect(taskMetrics({ task, scores: [score(-1), score(-2, -3, -2)] })).toEqual({ loss: 2, loss_stderr: expect.any(Number), perplexity: expect.closeTo(Math.exp(2), 10), perplexity_stderr: expect.any(Number) });
  });

  test('its increase is relative to the other model', async () => {
    const task = await planned();
    expect(taskMetrics({ task, scores: [score(-2.1)], against: [score(-2)] })).toMatchObject({ against_loss: 2, loss_increase: expect.closeTo(0.05, 10) });
    expect(taskMetrics({ task, scores: [score(-1)], against: [score(-2)] })).toMatchObject({ loss_increase: -0.5 });
    expect(() => taskMetrics({ task, scores: [score(-1)], against: [score(0)] })).toThrow(expect.objectContaining({ code: 'against-loss-zero' }));
  });

  test('refuses rows that wait for an answer, and tags that no row has', async () => {
    await expect(loss.plan(settings, askableSources([{ ...row, messages: row.messages.slice(0, 1), answerWith: 'self' }]), planOptions)).rejects.toMatchObject({ code: 'row-waits-for-answer' });
    await expect(loss.plan({ ...settings, tag: 'other' }, askableSources([row]), planOptions)).rejects.toMatchObject({ code: 'task-without-rows' });
  });
});
