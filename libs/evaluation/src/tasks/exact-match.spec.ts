import type { Row } from '@tunesmith/datasets';
import { askableSources, planOptions } from '../testing/task-sources.js';
import { taskMetrics } from '../task-metrics.js';
import { exactMatch } from './exact-match.js';

const row = (question: string, expect?: string): Row => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: 'A' }], split: 'validation', tags: ['qa'], ...(expect === undefined ? {} : { expect }) });
const settings = { kind: 'exact-match', name: 'qa', tag: 'qa' };
const score = (right: number) => ({ prediction: '', logProbs: [], metrics: { exact_match: right } });

describe('exact-match', () => {
  test('asks the question and looks for what is expected in the answer', async () => {
    const { tasks } = await exactMatch.plan({ ...settings, maxNewTokens: 9 }, askableSources([row('Who?', 'Ann'), row('Why?', 'x')]), { ...planOptions, limit: 1 });
    const [task] = tasks;
    expect(task!.items).toEqual([{ index: 0, prompt: 'Who?', target: 'Ann', requests: [{ kind: 'answer', messages: [{ role: 'user', content: 'Who?' }], maxNewTokens: 9 }] }]);
    expect(task!.score(task!.items[0]!, [{ text: 'It is Ann.', logProbs: [-1] }])).toEqual({ prediction: 'It is Ann.', logProbs: [-1], metrics: { exact_match: 1 } });
    expect((await task!.score(task!.items[0]!, [{ text: 'Hannah', logProbs: [] }])).metrics).toEqual({ exact_match: 0 });
  });

  test('counts right answers, of both models', async () => {
    const [task] = (await exactMatch.plan(settings, askableSources([row('Who?', 'Ann')]), planOptions)).tasks;
    expect(taskMetrics({ task: task!, scores: [1, 1, 1, 0].map(score) })).toEqual({ exact_match: 0.75, exact_match_stderr: expect.closeTo(0.25, 12) });
    expect(taskMetrics({ task: task!, scores: [1, 1].map(score), against: [0, 1].map(score) })).toEqual({ exact_match: 1, exact_match_stderr: 0, against_exact_match: 0.5, against_exact_match_stderr: 0.5 });
    expect(taskMetrics({ task: task!, scores: [score(1)] })).toEqual({ exact_match: 1 });
  });

  test('refuses a row without an expectation', async () => {
    await expect(exactMatch.plan(settings, askableSources([row('a', 'b'), row('c')]), planOptions)).rejects.toMatchObject({ code: 'row-without-expectation', message: expect.stringContaining('Row 2') });
  });
});
