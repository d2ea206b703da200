import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChatTemplate } from '@tunesmith/tokenizers';
import { temporaryFolder } from '@tunesmith/tests-support';
import { importTasks, shippedTasks } from '../definitions/import-tasks.js';
import { resolveTasks } from '../definitions/resolve-tasks.js';
import { EvaluationError } from '../evaluation-error.js';
import { isList, isRecord, readJsonValue, showValue, type CallRecord, type CallValue } from '@tunesmith/generation';
import type { PlannedItem, PlannedTask } from '../planned-task.js';
import type { GenerateUntilRequest, LoglikelihoodRequest } from '../requests/evaluation-request.js';
import type { PlanOptions } from '../task.js';
import { taskMetrics } from '../task-metrics.js';
import { askableSources, planOptions } from '../testing/task-sources.js';
import { testWithJail } from '../testing/with-jail.js';
import { definitions } from './definitions.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

/** The items of a shipped task over documents in a data folder. */
async function itemsOf(task: string, file: string, documents: readonly object[], options: Partial<PlanOptions> = {}): Promise<readonly PlannedItem[]> {
  return (await planned(task, file, documents, options)).items;
}

async function planned(task: string, file: string, documents: readonly object[], options: Partial<PlanOptions> = {}): Promise<PlannedTask> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, file), documents.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await importTasks({ tasks: [task], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  return (await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), { ...planOptions, numFewshot: 0, ...options })).tasks[0]!;
}
const asked = ({ requests }: PlannedItem) => (requests as readonly LoglikelihoodRequest[]).map(({ context: before, continuation }) => [before, continuation]);

test('every shipped task is well formed; the fifteen of LaMini and all subjects of MMLU are there', async () => {
  const folder = { path: shippedTasks };
  const found = await resolveTasks(['lamini', 'mmlu', 'gsm8k', 'pubmedqa', 'perplexity', 'humaneval', 'humaneval_instruct', 'mbpp', 'bfcl', 'toolbench_static'], [folder]);
  expect(found.groups.map(({ name, tasks }) => [name, tasks.length])).toEqual([['lamini', 15], ['mmlu::mmlu_stem', 19], ['mmlu::mmlu_humanities', 13], ['mmlu::mmlu_social_sciences', 12], ['mmlu::mmlu_other', 13], ['mmlu', 57], ['bfcl', 5]]);
  expect(found.tasks.map(({ config }) => config.task)).toHaveLength(15 + 57 + 3 + 3 + 5 + 1);
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
  const scores = await Promise.all(task!.items.map((item, place) => task!.score(item, [{ text: answers[place]!, tokens: 1 }])));
  expect(taskMetrics({ task: task!, scores })).toMatchObject({ toolbench_plan_em: 0.5, toolbench_act_em: 1, toolbench_hallu_rate: 0.5, toolbench_f1: 0.6, toolbench_easy_f1: 0, toolbench_hard_f1: 0.6, toolbench_rougeL: 0 });
});

testWithJail('HumanEval goes on with the prompt; the whole function is tested', async () => {
  const document = { task_id: 'X/0', prompt: 'def twice(x):\n    """Two times x."""\n', entry_point: 'twice', canonical_solution: '    return 2 * x\n', test: 'def check(candidate):\n    assert candidate(2) == 4\n' };
  // Named as its authors publish it.
  const task = await planned('humaneval', 'HumanEval.jsonl', [document, document, document], { numFewshot: undefined });
  expect(task.items[0]).toMatchObject({ prompt: document.prompt, target: `${document.test}\ncheck(twice)` });
  expect(task.items[0]!.requests).toEqual([{ kind: 'generate_until', prompt: document.prompt, until: ['\nclass', '\ndef', '\n#', '\nif', '\nprint'], maxNewTokens: 1024, temperature: 0, topP: 1, seed: 0 }]);
  const answers = [document.canonical_solution, '    return x', '    import os; os._exit(0)'];
  const scores = await Promise.all(task.items.map((item, place) => task.score(item, [{ text: answers[place]!, tokens: 1 }])));
  expect(scores.map(({ notes }) => notes)).toEqual([{ code_eval: [{ verdict: 'passed' }] }, { code_eval: [{ verdict: 'failed', error: 'AssertionError' }] }, { code_eval: [{ verdict: 'failed', error: expect.stringContaining('before the tests were over') }] }]);
  expect(taskMetrics({ task, scores })).toEqual({ 'pass@1': expect.closeTo(1 / 3, 12), 'pass@1_stderr': expect.closeTo(1 / 3, 12) });
});

testWithJail('HumanEval for chat models begins the answer, and takes what stands before the closing fence', async () => {
  const document = { prompt: 'def one():\n', entry_point: 'one', test: 'def check(f):\n    assert f() == 1' };
  const task = await planned('humaneval_instruct', 'humaneval.test.jsonl', [document], { applyChatTemplate: true });
  expect(task.items[0]!.prompt).toBe('<user>Write a solution to the following problem and make sure that it passes the tests:\n```python\ndef one():\n\n```\n</user><assistant>Here is the completed function:\n```python\ndef one():\n\n');
  expect((await task.score(task.items[0]!, [{ text: '    return 1\n```\nIt returns one.', tokens: 1 }])).metrics).toEqual({ 'pass@1': 1 });
});

testWithJail('MBPP shows three problems of its prompt part, and asks those of its test part', async () => {
  const document = (task_id: number) => ({ task_id, text: `Task ${task_id}.`, code: `def f${task_id}():\r\n  return ${task_id}`, test_list: [1, 2, 3].map((place) => `assert f${task_id}() == ${task_id} # ${place}`) });
  const task = await planned('mbpp', 'mbpp.jsonl', [1, 2, 3, 4, 5, 10, 11, 510, 511].map(document), { numFewshot: undefined });
  const asked = (task_id: number) => `You are an expert Python programmer, and here is your task: Task ${task_id}. Your code should pass these tests:\n\n${document(task_id).test_list.join('\n')}\n[BEGIN]\n`;
  expect(task.items.map(({ prompt }) => prompt)).toEqual([11, 510].map((id) => `${[2, 3, 4].map((shown) => `${asked(shown)}${document(shown).code}\n[DONE]\n\n`).join('')}${asked(id)}`));
  expect(task.items[0]!.requests).toMatchObject([{ until: ['[DONE]'], maxNewTokens: 256 } satisfies Partial<GenerateUntilRequest>]);
  const scores = await Promise.all(task.items.map((item) => task.score(item, [{ text: `${document(11).code}\n`, tokens: 1 }])));
  expect(scores.map(({ metrics }) => metrics)).toEqual([{ 'pass@1': 1 }, { 'pass@1': 0 }]);
});

const weather = { name: 'weather.get', description: 'What the sky does.', parameters: { type: 'dict', properties: { city: { type: 'string', description: 'Where.' }, hours: { type: 'float', description: 'How long.' } }, required: ['city'] } };
const rain = { id: 'multiple_0', question: [[{ role: 'user', content: 'Rain in Oslo?' }]], function: [weather] };

async function leaderboard(template?: string): Promise<PlannedTask> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'BFCL_v4_multiple.json'), [rain, { ...rain, id: 'multiple_1' }].map((each) => JSON.stringify(each)).join('\n'));
  await writeFile(join(folder.path, 'possible_answer_BFCL_v4_multiple.json'), '{"id": "multiple_0", "ground_truth": [{"weather.get": {"city": ["Oslo"], "hours": [5.0, ""]}}]}\n{"id": "multiple_1", "ground_truth": []}\n');
  await importTasks({ tasks: ['bfcl'], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  const sources = { ...askableSources([], join(folder.path, 'tasks')), chatTemplate: () => (template === undefined ? Promise.reject(new EvaluationError({ message: 'none', code: 'no-chat-template' })) : Promise.resolve(new ChatTemplate(template))) };
  const { tasks, groups } = await definitions.plan({ kind: 'definitions', name: 'definitions' }, sources, planOptions);
  expect([tasks.map(({ name }) => name), groups.map(({ name }) => name)]).toEqual([['bfcl_multiple'], ['bfcl']]);
  return tasks[0]!;
}

test('function calling shows the tools by the chat template, else in the prompt; the data folder says which categories there are', async () => {
  const turns = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>';
  const [knows, knowsNone, plain] = [await leaderboard(`{% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}${turns}`), await leaderboard(turns), await leaderboard()];
  const schema = '{"name":"weather.get","description":"What the sky does.","parameters":{"type":"object","properties":{"city":{"type":"string","description":"Where."},"hours":{"type":"number","description":"How long."}},"required":["city"]}}';
  const promptOf = (task: PlannedTask) => task.items[0]!.prompt;
  expect(JSON.parse(promptOf(knows).replace(/<user>.*/s, ''))).toEqual({ type: 'function', function: JSON.parse(schema) });
  expect(promptOf(knows)).toMatch(/<user>Rain in Oslo\?<assistant>$/);
  expect(promptOf(knowsNone)).toMatch(/^<system>These functions can be called[^]*<user>Rain in Oslo\?<assistant>$/);
  expect(promptOf(plain)).toMatch(/^These functions can be called[^]*call nothing\.\n\nRain in Oslo\?\n$/);
  for (const task of [knowsNone, plain]) expect(promptOf(task)).toContain(`\n${schema}\n`);
});

test('function calling: right and wrong calls, with what was read', async () => {
  const task = await leaderboard();
  const score = async (text: string) => task.score(task.items[0]!, [{ text, tokens: 1 }]);
  expect(await score('weather.get(city="oslo", hours=5)')).toMatchObject({ metrics: { call_match: 1 }, notes: { function_calls: { calls: ['weather.get(city="oslo", hours=5)'] } } });
  expect(await score('weather.get(city="Rome")')).toMatchObject({ metrics: { call_match: 0 }, notes: { function_calls: { wrong: 'city: "Rome" is none of ["Oslo"]' } } });
  expect((task.items[0]!.requests[0] as GenerateUntilRequest).maxNewTokens).toBe(512);
});

test('function calling: a document without tools, or without its answer, is told', async () => {
  const files = { 'BFCL_v4_multiple.json': `${JSON.stringify({ ...rain, function: 'weather' })}\n${JSON.stringify(rain)}`, 'possible_answer_BFCL_v4_multiple.json': '{"id": "multiple_0", "ground_truth": []}' };
  const planWith = async (own: Record<string, string>) => {
    await using folder = await temporaryFolder();
    for (const [name, text] of Object.entries(own)) await writeFile(join(folder.path, name), text);
    await importTasks({ tasks: ['bfcl_multiple'], data: folder.path, hubCache: folder.path }, join(folder.path, 'tasks'), context);
    return await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), planOptions);
  };
  await expect(planWith(files)).rejects.toMatchObject({ code: 'task-document-invalid', message: expect.stringMatching(/"bfcl_multiple", document 1, tools: .*list of functions/) });
  await expect(planWith({ ...files, 'possible_answer_BFCL_v4_multiple.json': '{"id": "multiple_1"}' })).rejects.toMatchObject({ code: 'documents-unjoined', message: expect.stringContaining('document 1') });
  await expect(planWith({ 'BFCL_v4_multiple.json': files['BFCL_v4_multiple.json'] })).rejects.toMatchObject({ code: 'documents-unjoined', message: expect.stringContaining('possible_answer_BFCL_v4_multiple.json') });
});

const published = join(import.meta.dirname, '../../../../../shared/data/agent');
const withData = existsSync(published) ? test : test.skip;
withData(`the ${existsSync(published) ? '600 rows of ../shared/data/agent' : 'rows of ../shared/data/agent, which is not here'}: every right answer is called right, and another function's wrong`, async () => {
  await using folder = await temporaryFolder();
  await importTasks({ tasks: ['bfcl'], data: published, hubCache: folder.path }, join(folder.path, 'tasks'), context);
  const { tasks } = await definitions.plan({ kind: 'definitions', name: 'definitions' }, askableSources([], join(folder.path, 'tasks')), planOptions);
  expect(tasks.map(({ items }) => items.length)).toEqual([400, 200]);
  for (const task of tasks) {
    for (const item of task.items) {
      const [truth] = readJsonValue(String(item.target)) as readonly CallRecord[];
      const [[name, values]] = Object.entries(truth!) as [[string, Record<string, readonly CallValue[]>]];
      const first = (right: CallValue): CallValue => (isList(right) ? right.find((each) => each !== '') : right) ?? '';
      // Inside of records and lists of them, what is right is a list too.
      const open = (value: CallValue): CallValue => (isList(value) ? value.map(open) : isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([, right]) => first(right) !== '').map(([key, right]) => [key, first(right)])) : value);
      const given = Object.fromEntries(Object.entries(values).filter(([, right]) => first(right) !== '').map(([key, right]) => [key, open(first(right))]));
      const call = (called: string) => `<tool_call>{"name": ${JSON.stringify(called)}, "arguments": ${showValue(given)}}</tool_call>`;
      const right = await task.score(item, [{ text: call(name), tokens: 1 }]);
      expect([item.index, right.metrics, right.notes]).toEqual([item.index, { call_match: 1 }, expect.anything()]);
      expect((await task.score(item, [{ text: call(`${name}_`), tokens: 1 }])).metrics).toEqual({ call_match: 0 });
    }
  }
});
