import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { importTasks, shippedTasks } from '../definitions/import-tasks.js';
import { resolveTasks } from '../definitions/resolve-tasks.js';
import type { PlannedItem } from '../planned-task.js';
import type { LoglikelihoodRequest } from '../requests/evaluation-request.js';
import { taskMetrics } from '../task-metrics.js';
import { askableSources, planOptions } from '../testing/task-sources.js';
import { definitions } from './definitions.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

/** The items of a shipped task over documents in a data folder. */
async function itemsOf(task: string, file: string, documents: readonly object[]): Promise<readonly PlannedItem[]> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, file), documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await importTasks({ tasks: [task], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  return (await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), { ...planOptions, numFewshot: 0 })).tasks[0]!.items;
}
const asked = ({ requests }: PlannedItem) => (requests as readonly LoglikelihoodRequest[]).map(({ context: before, continuation }) => [before, continuation]);

test('every shipped task is well formed; the fifteen of LaMini and all subjects of MMLU are there', async () => {
  const folder = { path: shippedTasks };
  const found = await resolveTasks(['lamini', 'mmlu', 'gsm8k', 'pubmedqa', 'perplexity'], [folder]);
  expect(found.groups.map(({ name, tasks }) => [name, tasks.length])).toEqual([['lamini', 15], ['mmlu::mmlu_stem', 19], ['mmlu::mmlu_humanities', 13], ['mmlu::mmlu_social_sciences', 12], ['mmlu::mmlu_other', 13], ['mmlu', 57]]);
  expect(found.tasks.map(({ config }) => config.task)).toHaveLength(15 + 57 + 3);
});

// What the Python functions of lm-evaluation-harness 0.4.13 make of the same documents.
test('RACE answers all questions of an article but the last', async () => {
  const problems = "[{'question': 'Who ran  _  .', 'answer': 'B', 'options': ['Al', 'Tom', 'Ed', 'Jo']}, {'question': 'Why did he?', 'answer': 'A', 'options': ['fun', 'fear', 'food', 'fame']}, {'question': 'He was  _  .', 'answer': 'D', 'options': ['sad', 'old', 'ill', 'glad']}]";
  const [item] = await itemsOf('race', 'race.test.jsonl', [{ article: 'Tom ran.', problems }]);
  expect(item).toMatchObject({ prompt: 'Article: Tom ran.\n\nWho ran Tom\nQuestion: Why did he?\nAnswer: fun\nHe was  _  .', target: 3 });
  expect(asked(item!).map(([, continuation]) => continuation)).toEqual([' sad', ' old', ' ill', ' glad']);
});

test('the Winograd schemas put options in the place of the pronoun', async () => {
  const documents = [
    { text: 'The trophy  would not fit. It was too big.', pronoun: 'It', pronoun_loc: 28, options: ['The trophy', 'The case'], label: 0 },
    { text: 'Ann asked Mary. Her book was gone, she said.', pronoun: 'Her', pronoun_loc: 16, options: ['Ann', 'Mary'], label: 1 },
    { text: 'Jim yelled at Kevin because he was late.', pronoun: 'he', pronoun_loc: 28, options: ['The man Jim', 'Kevin'], label: 0 },
  ];
  const items = await itemsOf('wsc273', 'wsc273.test.jsonl', documents);
  expect(items.map(({ target }) => target)).toEqual([0, 1, 0]);
  expect(items.map(asked)).toEqual([
    [['The trophy would not fit. Itthe trophy', ' as too big.'], ['The trophy would not fit. Itthe case', ' as too big.']],
    [["Ann asked Mary. Ann's", '  book was gone, she said.'], ["Ann asked Mary. Mary's", '  book was gone, she said.']],
    [['Jim yelled at Kevin because the man Jim', '  was late.'], ['Jim yelled at Kevin because Kevin', '  was late.']],
  ]);
});

test('HellaSwag, ReCoRD, MNLI, WinoGrande, PubMedQA, WiC', async () => {
  const [hellaswag] = await itemsOf('hellaswag', 'hellaswag.validation.jsonl', [{ activity_label: 'Cooking [x]', ctx_a: 'A man [title] cooks.', ctx_b: 'he STIRS', endings: [' the [sub] pot.', 'and  leaves [title] now.', 'a', 'b'], label: '1' }]);
  expect([hellaswag!.prompt, hellaswag!.target, asked(hellaswag!).map(([, ending]) => ending)]).toEqual(['Cooking : A man. cooks. He stirs', 1, [' the pot.', ' and leaves. now.', ' a', ' b']]);
  const [record] = await itemsOf('record', 'record.validation.jsonl', [{ passage: 'Rome fell.\n@highlight\nIt burned\n@highlight\nNero sang', query: '@placeholder sang as it burned.', entities: ['Rome', 'Nero', 'Rome', 'Gaul'], answers: ['Nero', 'Nero'] }]);
  expect([record!.prompt, record!.target, asked(record!).map(([, choice]) => choice)]).toEqual(['Rome fell.\n\n  - It burned.\n  - Nero sang.\n', 1, ['Gaul', 'Nero', 'Rome'].map((name) => `   - ${name} sang as it burned.`)]);
  const [mnli] = await itemsOf('mnli', 'mnli.validation_matched.jsonl', [{ premise: 'It rains.', hypothesis: ' It is wet ', label: 0 }]);
  expect([mnli!.prompt, mnli!.target]).toEqual(['It rains.\nQuestion: It is wet. True, False or Neither?\nAnswer:', 0]);
  const [winogrande] = await itemsOf('winogrande', 'winogrande_xl.validation.jsonl', [{ sentence: 'Bob beat Al because _ was fast.', option1: 'Bob', option2: 'Al', answer: '1' }]);
  expect([winogrande!.target, asked(winogrande!)]).toEqual([0, [['Bob beat Al because Bob', ' was fast.'], ['Bob beat Al because Al', ' was fast.']]]);
  const [pubmedqa] = await itemsOf('pubmedqa', 'pubmedqa.test.jsonl', [{ CONTEXTS: ['a', 'b'], QUESTION: 'c?', final_decision: 'maybe' }]);
  expect([pubmedqa!.prompt, pubmedqa!.target]).toEqual(['Abstract: a\nb\nQuestion: c?\nAnswer:', 2]);
  const [wic] = await itemsOf('wic', 'wic.validation.jsonl', [{ sentence1: 'A bank.', sentence2: 'The bank.', start1: 2, end1: 6, label: 1 }]);
  expect(wic!.prompt).toContain("Is the word 'bank' used");
});

test('of MMLU those subjects count that the data folder has', async () => {
  await using folder = await temporaryFolder();
  const question = { question: ' Why? ', choices: ['a', 'b', 'c', 'd'], answer: 2, subject: 'college_biology' };
  for (const name of ['college_biology.test', 'college_biology.dev', 'anatomy.test']) await writeFile(join(folder.path, `${name}.jsonl`), JSON.stringify(question));
  await importTasks({ tasks: ['mmlu'], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  const { tasks, groups } = await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), planOptions);
  expect(tasks.map(({ name }) => name)).toEqual(['mmlu_anatomy', 'mmlu_college_biology']);
  expect(groups.map(({ name }) => name)).toEqual(['mmlu::mmlu_stem', 'mmlu']);
  expect(tasks[1]!.items[0]).toMatchObject({ prompt: 'The following are multiple choice questions (with answers) about college biology.\n\nWhy?\nA. a\nB. b\nC. c\nD. d\nAnswer:', target: 2 });
});

test('ToolBench-static asks for the next step, and its metrics read the tools of the document', async () => {
  await using folder = await temporaryFolder();
  const step = (name: string, input: object) => `Thought: t\nAction: ${name}\nAction Input: ${JSON.stringify(input)}`;
  const documents = [
    { query: 'Weather?', tools: ['f', 'Finish'], reference: step('f', { a: 1, b: 2 }) },
    { query: 'Thanks.', tools: ['f', 'Finish'], reference: step('Finish', { return_type: 'give_answer', final_answer: 'at your service' }) },
  ];
  await writeFile(join(folder.path, 'toolbench_static.jsonl'), documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await importTasks({ tasks: ['toolbench_static'], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  const [task] = (await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), planOptions)).tasks;
  expect(task!.items.map(({ prompt }) => prompt)).toEqual(['Weather?', 'Thanks.']);
  const answers = [step('f', { a: 1, b: 3, c: 4 }), step('g', {})];
  const scores = task!.items.map((item, place) => task!.score(item, [{ text: answers[place]!, tokens: 1 }]));
  expect(taskMetrics({ task: task!, scores })).toMatchObject({ toolbench_plan_em: 0.5, toolbench_act_em: 1, toolbench_hallu_rate: 0.5, toolbench_f1: 0.6, toolbench_easy_f1: 0, toolbench_hard_f1: 0.6, toolbench_rougeL: 0 });
});
