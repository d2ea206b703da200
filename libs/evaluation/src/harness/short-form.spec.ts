import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { importTasks } from '../definitions/import-tasks.js';
import type { PlannedTask } from '../planned-task.js';
import { taskMetrics } from '../task-metrics.js';
import { definitions } from '../tasks/definitions.js';
import { askableSources, planOptions } from '../testing/task-sources.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

async function planned(yaml: string, documents: readonly object[]): Promise<PlannedTask> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'helpdesk.yaml'), `name: helpdesk\ndata: rows.jsonl\n${yaml}`);
  await writeFile(join(folder.path, 'rows.jsonl'), documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await importTasks({ tasks: [join(folder.path, 'helpdesk.yaml')], hubCache: folder.path }, join(folder.path, 'tasks'), context);
  return (await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), planOptions)).tasks[0]!;
}

test('questions with one answer or several, in each form that files have them', async () => {
  const rows = [{ question: 'Where?', answers: ['the Red House', "Ann's"] }, { question: 'Who?', answer: "[Ann, 'Lee']" }, { question: 'What?', answers: { text: ['a\n"b"', 'c'], answer_start: [0, 1] } }, { question: 'How?', answer: ['so', 'thus'] }];
  const task = await planned('kind: qa\nmetrics: [exact_match, f1, contains, rouge1, rouge2, rougeL, bleu]\n', rows);
  expect(task.items.map(({ target }) => target)).toEqual([['the Red House', "Ann's"], "[Ann, 'Lee']", ['a\n"b"', 'c'], ['so', 'thus']]);
  expect(task.items[0]!.requests).toMatchObject([{ kind: 'generate_until', prompt: 'Question: Where?\nAnswer:', until: ['\n'], temperature: 0 }]);
  const answers = [' A red house.', 'Ann Lee', 'd', 'Thus it is'];
  const scores = await Promise.all(task.items.map((item, place) => task.score(item, [{ text: answers[place]!, tokens: 1 }])));
  expect(scores.map(({ metrics }) => [metrics['exact_match'], metrics['f1'], metrics['contains'], metrics['rougeL']])).toEqual([[1, 1, 0, expect.closeTo(2 / 3, 12)], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0.5, 1, 0.5]]);
  expect(taskMetrics({ task, scores })).toMatchObject({ exact_match: 0.5, f1: 0.625, contains: 0.5, bleu: expect.any(Number), rouge1: expect.any(Number), rouge2: expect.any(Number) });
});

test('the question and the answer may be templates; metrics may have options', async () => {
  const task = await planned('kind: qa\nquestion: "{{city}}?"\nanswer: "{{country}}"\nmetrics: [{metric: exact_match, ignore_case: true}]\nstop: ["."]\n', [{ city: 'Oslo', country: 'Norway' }]);
  expect(task.items[0]).toMatchObject({ prompt: 'Oslo?', target: 'Norway', requests: [{ until: ['.'] }] });
  expect((await task.score(task.items[0]!, [{ text: 'norway', tokens: 1 }])).metrics).toEqual({ exact_match: 1 });
});

test.each([
  ['kind: qa\n', [{ question: 'Who?', answer: 'Ann' }, { question: 'Why?' }], 'task-document-invalid', /"helpdesk", document 2/],
  ['kind: qa\n', [{ answer: 'Ann' }], 'task-document-invalid', /"helpdesk", document 1, doc_to_text: .*question/],
  ['kind: qa\n', [{ question: 'Who?' }], 'task-document-invalid', /"helpdesk", document 1, .*answer/],
  ['kind: qa\nmetrics: [accuracy]\n', [{ question: 'Who?', answer: 'Ann' }], 'metric-unknown', /accuracy/],
  ['kind: quiz\nanswer: a\n', [{ question: 'Who?' }], 'task-invalid', /kind/],
  ['question: q\n', [{ q: 'Who?' }], 'task-invalid', /answer: expected the right answer/],
])('%j over %j is refused', async (yaml, documents, code, message) => {
  await expect(planned(yaml, documents)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
