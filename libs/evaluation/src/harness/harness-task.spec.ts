import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import type { PlanOptions } from '../task.js';
import type { PlannedTask } from '../planned-task.js';
import { taskMetrics } from '../task-metrics.js';
import { planOptions } from '../testing/task-sources.js';
import { planHarnessTask } from './harness-task.js';
import { parseTaskConfig } from './task-config.js';

const documents = [{ q: 'one', options: ['a', 'bb'], right: 0 }, { q: 'two', options: ['c', 'd'], right: 1 }, { q: 'three', options: ['e', 'f'], right: 1 }];
const base = { task: 'qa', dataset_path: 'json', test_split: 'test', output_type: 'multiple_choice', doc_to_text: 'Q: {{q}}', doc_to_choice: '{{options}}', doc_to_target: 'right' };

describe('a task of the harness', () => {
  let folder: AsyncDisposable & { path: string };
  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(join(folder.path, 'documents'));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  async function plan(fields: Record<string, unknown>, given: readonly object[] = documents, options: Partial<PlanOptions> = {}, chat?: Parameters<typeof planHarnessTask>[1]['chat'], lines = given.map((each) => `${JSON.stringify(each)}\n`).join('')): Promise<PlannedTask> {
    await writeFile(join(folder.path, 'documents/test.jsonl'), lines);
    const config = parseTaskConfig({ ...base, ...fields }, 'qa.yaml');
    return planHarnessTask({ config, splits: { test: { file: 'documents/test.jsonl', count: given.length }, train: { missing: 'no examples here' } } }, { folder: folder.path, ...(chat && { chat }) }, { ...planOptions, ...options });
  }
  const contexts = (task: PlannedTask) => task.items.map(({ requests }) => (requests[0] as { context: string }).context);

  test('asks for each choice behind the question, and scores what is likeliest', async () => {
    // A group's key, which published tasks have among a metric's own: it says nothing about the task.
    const task = await plan({ metric_list: [{ metric: 'acc', weight_by_size: true }, { metric: 'acc_norm' }] });
    expect(task.items[0]).toEqual({ index: 0, prompt: 'Q: one', choices: ['a', 'bb'], target: 0, requests: [{ kind: 'loglikelihood', context: 'Q: one', continuation: ' a' }, { kind: 'loglikelihood', context: 'Q: one', continuation: ' bb' }] });
    const result = (logProb: number) => ({ logProb, greedy: false, tokens: 1 });
    const scores = await Promise.all(task.items.map((item) => task.score(item, [result(-2), result(-3)])));
    expect(scores[0]).toMatchObject({ prediction: 0, logProbs: [-2, -3], metrics: { acc: 1, acc_norm: 0 } });
    expect(taskMetrics({ task, scores })).toEqual({ acc: expect.closeTo(1 / 3, 12), acc_stderr: expect.closeTo(1 / 3, 12), acc_norm: 0, acc_norm_stderr: 0 });
    expect(taskMetrics({ task, scores, against: scores })).toMatchObject({ against_acc: expect.closeTo(1 / 3, 12) });
  });

  test('examples come first, without the document itself, the description before them', async () => {
    const task = await plan({ num_fewshot: 1, fewshot_split: 'test', fewshot_config: { sampler: 'first_n' }, description: 'Of {{q}}:\n', fewshot_delimiter: '\n---\n' });
    expect(contexts(task)).toEqual(['Of one:\nQ: two d\n---\nQ: one', 'Of two:\nQ: one a\n---\nQ: two', 'Of three:\nQ: one a\n---\nQ: three']);
    const drawn = await plan({ num_fewshot: 2, fewshot_split: 'test' });
    expect(contexts(drawn).every((context, index) => !context.slice(0, context.lastIndexOf('Q:')).includes(documents[index]!.q))).toBe(true);
    expect(contexts(await plan({ num_fewshot: 1, fewshot_split: 'test' }, documents, { numFewshot: 0, limit: 2 }))).toEqual(['Q: one', 'Q: two']);
    const own = await plan({ num_fewshot: 1, fewshot_config: { sampler: 'first_n', samples: [{ q: 'zero', options: ['x', 'y'], right: 1 }], doc_to_text: 'E: {{q}}', target_delimiter: ' -> ' } });
    expect(contexts(own)[0]).toBe('E: zero -> y\n\nQ: one');
  });

  test('a task that says num_fewshot: 0 is never shown examples, and a reader is told', async () => {
    const task = await plan({ num_fewshot: 0, fewshot_split: 'test' }, documents, { numFewshot: 2 });
    expect(contexts(task)[0]).toBe('Q: one');
    expect(task.about).toMatchObject({ fewshot: 0 });
    expect(task.remarks).toEqual([expect.stringContaining('not with 2')]);
    const silent = await plan({ fewshot_split: 'test' }, documents, { numFewshot: 1 });
    expect([silent.about['fewshot'], silent.remarks]).toEqual([1, undefined]);
  });

  test('a question of digits is a question, unless all are places of choices', async () => {
    const given = [documents[0]!, { ...documents[1]!, q: '7' }];
    expect(contexts(await plan({ doc_to_text: '{{q}}' }, given))).toEqual(['one', '7']);
    expect(contexts(await plan({ doc_to_text: '{{q}}', num_fewshot: 1, fewshot_config: { sampler: 'first_n', samples: given.slice(1) } }, given))[0]).toBe('7 d\n\none');
    const numbers = [{ n: 7, a: 'x' }, { n: 8, a: 'y' }];
    const written = await plan({ output_type: 'generate_until', doc_to_choice: null, doc_to_text: 'n', doc_to_target: 'a' }, numbers);
    expect(written.items.map(({ prompt }) => prompt)).toEqual(['7', '8']);
  });

  test('a float of a document is a float in prompts, in right answers and among the places of choices', async () => {
    const given = [{ ...documents[0], size: 5.0, right: 1.0 }, { ...documents[1], size: 2.5, right: 0.0 }];
    const lines = given.map(({ q, options, size, right }) => `{"q": "${q}", "options": ${JSON.stringify(options)}, "size": ${size.toFixed(1)}, "right": ${right.toFixed(1)}}\n`).join('');
    const written = await plan({ output_type: 'generate_until', doc_to_choice: null, doc_to_text: '{{size}} of {{q}}', doc_to_target: 'size' }, [], {}, undefined, lines);
    expect(written.items.map(({ prompt, target }) => [prompt, target])).toEqual([['5.0 of one', '5.0'], ['2.5 of two', '2.5']]);
    expect((await plan({}, [], {}, undefined, lines)).items.map(({ target }) => target)).toEqual([1, 0]);
  });

  test('a split of examples goes before examples in the YAML; of several right choices the first is shown', async () => {
    const fewshot = { sampler: 'first_n', samples: [{ q: 'zero', options: ['x', 'y'], right: 1 }] };
    expect(contexts(await plan({ num_fewshot: 1, fewshot_split: 'test', fewshot_config: fewshot }))[0]).toBe('Q: two d\n\nQ: one');
    const several = await plan({ num_fewshot: 1, fewshot_config: { ...fewshot, samples: [{ q: 'zero', options: ['x', 'y'], right: [1, 0] }] } });
    expect(contexts(several)[0]).toBe('Q: zero y\n\nQ: one');
  });

  test('a beginning of the answer, and the chat template', async () => {
    const task = await plan({ gen_prefix: 'It is', num_fewshot: 1, fewshot_split: 'test', fewshot_config: { sampler: 'first_n' } });
    expect(contexts(task)[0]).toBe('Q: two It is d\n\nQ: one It is');
    const chat = { render: (messages: readonly { role: string; content: string }[], open: boolean) => `${messages.map(({ role, content }) => `${role}(${content})`).join('')}${open ? '+' : ''}` };
    const one = await plan({ num_fewshot: 1, fewshot_split: 'test', fewshot_config: { sampler: 'first_n' }, description: 'D' }, documents, { systemInstruction: 'S' }, chat);
    expect(contexts(one)[0]).toBe('system(S\n\nD)user(Q: two d\n\nQ: one)+');
    expect((one.items[0]!.requests[0] as { continuation: string }).continuation).toBe('a');
    const turns = await plan({ num_fewshot: 1, fewshot_split: 'test', fewshot_config: { sampler: 'first_n' }, gen_prefix: 'I say' }, documents, { fewshotAsTurns: true }, chat);
    expect(contexts(turns)[0]).toBe('user(Q: two)assistant(I say d)user(Q: one)assistant(I say)');
    expect((turns.items[0]!.requests[0] as { continuation: string }).continuation).toBe(' a');
  });

  test('further fields and which documents count', async () => {
    const task = await plan({ fields: { shout: '{{q | upper}}!', all: "{% set found = namespace(all=[]) %}{% for o in options %}{% set found.all = found.all + [o ~ '.'] %}{% endfor %}{{found.all}}" }, where: "{{q != 'two'}}", doc_to_text: 'shout', doc_to_choice: 'all' });
    expect(task.items.map(({ prompt, requests }) => [prompt, requests.length])).toEqual([['ONE!', 2], ['THREE!', 2]]);
    await expect(plan({ where: '{{false}}' })).rejects.toMatchObject({ code: 'task-without-rows' });
  });

  test('generation: what ends it, repeats with seeds of their own, filters by name', async () => {
    const fields = { output_type: 'generate_until', doc_to_choice: null, doc_to_target: 'q', repeats: 2, generation_kwargs: { until: '.', temperature: 0.7, max_gen_toks: 5 }, filter_list: [{ name: 'vote', filter: [{ function: 'majority_vote' }, { function: 'take_first' }] }, { name: 'none', filter: [{ function: 'take_first' }] }] };
    const task = await plan(fields);
    expect(task.items[1]!.requests).toEqual([1236, 1237].map((seed) => ({ kind: 'generate_until', prompt: 'Q: two', until: ['.'], maxNewTokens: 5, temperature: 0.7, topP: 1, seed })));
    const score = await task.score(task.items[1]!, [{ text: 'one', tokens: 1 }, { text: 'two', tokens: 1 }]);
    expect(score).toMatchObject({ prediction: { text: ['one', 'two'], vote: 'one', none: 'one' }, metrics: { 'exact_match-vote': 0, exact_match: 0 } });
    const greedy = await plan({ ...fields, generation_kwargs: null });
    expect(greedy.items[0]!.requests[0]).toMatchObject({ until: ['\n\n'], maxNewTokens: 256, temperature: 0, seed: 0 });
  });

  test.each([
    ['doc_to_text', { doc_to_text: 'Q: {{question}}' }, 'document 1, doc_to_text', 'question is not defined'],
    ['a field that is empty', { doc_to_text: 'q' }, 'document 2, doc_to_text', 'the field "q" is empty', [documents[0], { ...documents[1], q: null }]],
    ['an answer outside its choices', {}, 'document 2, doc_to_target', 'one of 2 choices (0 to 1)', [documents[0], { ...documents[1], right: 2 }]],
    ['an answer that is no choice', { doc_to_target: 'q' }, 'document 1, doc_to_target', '"one"'],
    ['choices that are none', { doc_to_choice: 'q' }, 'document 1, doc_to_choice', 'expected a list'],
    ['choices without text', { target_delimiter: '' }, 'document 1, doc_to_choice', 'one is empty', [{ ...documents[0], options: ['', 'x'] }]],
    ['no choices', {}, 'document 1, doc_to_choice', 'empty', [{ ...documents[0], options: [] }]],
    ['an endless template', { doc_to_text: '{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}' }, 'document 1, doc_to_text', 'exceeds'],
  ] as const)('%s is refused with task, document and reason', async (_name, fields, where, reason, given: readonly unknown[] = documents) => {
    await expect(plan(fields, given as readonly object[])).rejects.toMatchObject({ code: 'task-document-invalid', message: expect.stringMatching(new RegExp(`The task "qa", ${where}.*${reason.replace(/[()]/g, '\\$&')}`, 's')) });
  });

  test.each([
    [{ metric_list: [{ metric: 'word_perplexity' }] }, 'metric-not-applicable', 'not for multiple_choice'],
    [{ metric_list: [{ metric: 'acc', ignore_case: true }] }, 'metric-option-invalid', 'acc: Unrecognized key: "ignore_case" (it takes none)'],
    [{ metric_list: [{ metric: 'acc', aggregation: 'mode' }] }, 'aggregation-unknown', 'mode'],
    [{ filter_list: [{ name: 'x', filter: [{ function: 'regex', pattern: 'a' }] }] }, 'filter-invalid', '"pattern" (known are regex_pattern, group_select, fallback)'],
    [{ filter_list: [{ name: 'x', filter: [{ function: 'regex', regex_pattern: '(a' }] }] }, 'filter-invalid', 'The task "qa": The filter regex: regex_pattern: The pattern "(a" cannot be used'],
    [{ filter_list: [{ name: 'x', filter: [{ function: 'regexp' }] }] }, 'filter-unknown', 'The task "qa": Expected a filter out of'],
    [{ metric_list: [{ metric: 'accuracy' }] }, 'metric-unknown', 'The task "qa": Expected a metric out of'],
    [{ doc_to_text: { question: null } }, 'task-invalid', 'doc_to_text: expected the name of a field or a template as a text, in quotes where it begins with {{ ("{{question}}"); got {"question":null}'],
    [{ num_fewshot: 'three' }, 'task-invalid', 'expected number, received string; got "three"'],
    [{ generation_kwargs: { num_beams: 4 } }, 'task-invalid', 'generation_kwargs: Unrecognized key: "num_beams" (known are until,'],
    [{ metric_list: [{ metric: 'f1', hf_evaluate: true }] }, 'task-invalid', 'metric_list.0.hf_evaluate: metrics are not fetched'],
    [{ fewshot_config: { sampler: 'balanced' } }, 'sampler-unknown', 'default, first_n'],
    [{ num_fewshot: 3, fewshot_split: 'test' }, 'too-few-examples', 'there are 3'],
    [{ num_fewshot: 1, training_split: 'train' }, 'documents-missing', 'no examples here'],
    [{ doc_to_text: '{{ q' }, 'task-template-syntax', 'doc_to_text'],
  ])('%j is refused: %s', async (fields, code, reason) => {
    await expect(plan(fields)).rejects.toMatchObject({ code, message: expect.stringContaining(reason) });
  });
});
