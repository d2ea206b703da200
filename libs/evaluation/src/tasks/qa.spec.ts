import type { Row } from '@tunesmith/datasets';
import { taskMetrics } from '../task-metrics.js';
import { askableSources, planOptions } from '../testing/task-sources.js';
import { qa } from './qa.js';

const row = (question: string, answer: string | undefined, expect?: string | readonly string[]): Row => ({
  messages: [{ role: 'system', content: 'S' }, { role: 'user', content: question }, ...(answer === undefined ? [] : [{ role: 'assistant' as const, content: answer }])],
  split: 'validation',
  tags: ['help'],
  ...(expect === undefined ? {} : { expect }),
});
const settings = { kind: 'qa', name: 'helpdesk', tag: 'help' };

describe('qa', () => {
  test('asks the question and compares with all that is right', async () => {
    const rows = [row('Where?', 'ignored', ['the Red House', 'house 7']), row('Who?', 'Ann Lee.')];
    const [task] = (await qa.plan({ ...settings, metrics: ['exact_match', 'f1', 'contains', 'rougeL', 'bleu'] }, askableSources(rows), planOptions)).tasks;
    expect(task!.items[0]).toEqual({ index: 0, prompt: 'Where?', target: ['the Red House', 'house 7'], requests: [{ kind: 'answer', messages: rows[0]!.messages.slice(0, 2), maxNewTokens: 48 }] });
    expect(task!.items[1]!.target).toBe('Ann Lee.');
    const answers = ['In a red house', 'ann lee'];
    const scores = await Promise.all(task!.items.map((item, place) => task!.score(item, [{ text: answers[place]!, logProbs: [-1] }])));
    expect(scores[0]).toMatchObject({ prediction: 'In a red house', logProbs: [-1], metrics: { exact_match: 0, f1: 0.8, contains: 0 } });
    expect(scores[1]!.metrics).toMatchObject({ exact_match: 1, f1: 1, contains: 1, rougeL: 1 });
    expect(taskMetrics({ task: task!, scores })).toMatchObject({ exact_match: 0.5, exact_match_stderr: 0.5, f1: 0.9, contains: 0.5, bleu: expect.any(Number) });
  });

  test('without metrics: exact match, F1 and contains', async () => {
    const [task] = (await qa.plan(settings, askableSources([row('Who?', 'Ann', 'Ann')]), planOptions)).tasks;
    expect(Object.keys((await task!.score(task!.items[0]!, [{ text: '', logProbs: [] }])).metrics)).toEqual(['exact_match', 'f1', 'contains']);
  });

  test('refuses a row without a right answer, and metrics that it does not know', async () => {
    await expect(qa.plan(settings, askableSources([row('Who?', 'Ann'), row('Why?', undefined)]), planOptions)).rejects.toMatchObject({ code: 'row-without-expectation', message: expect.stringMatching(/Row 2 .*"helpdesk".*Why\?/) });
    await expect(qa.plan({ ...settings, metrics: ['acc'] }, askableSources([row('Who?', 'Ann')]), planOptions)).rejects.toMatchObject({ code: 'metric-unknown', message: expect.stringContaining('exact_match, f1, contains') });
  });
});
