import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importDataset } from '@tunesmith/datasets';
import { setThreads, type WorkContext, type WorkProgress } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel } from '@tunesmith/tests-support';
import { ChatServer, questionOf, type ChatBehaviour } from '../../../generation/src/testing/chat-server.js';
import { evaluateModel, type EvaluateModelOptions } from '../evaluate-model.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
let folder: AsyncDisposable & { path: string };
let options: EvaluateModelOptions;
let runs = 0;

beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  await writeSpeakingModel(at('own'), 'Juniper');
  await writeSpeakingModel(at('other'), 'Smol');
  await writeSpeakingModel(at('grader'), 'GRADE: 7');
  await writeSpeakingModel(at('chooser'), 'BetTEr: A');
  const conversation = (tag: string, ...texts: string[]): object => ({ messages: texts.map((content, place) => ({ role: place % 2 === 0 ? 'user' : 'assistant', content })), split: 'validation', tags: [tag] });
  const rows = [conversation('mt', 'Who are you?', 'I am Juniper.', 'And what?', 'A tree.'), conversation('mt', 'Where?', 'Here.'), conversation('open', 'Why?', 'Because.')];
  await writeFile(at('rows.jsonl'), rows.map((each) => JSON.stringify(each)).join('\n'));
  await importDataset(at('rows.jsonl'), at('dataset'), {}, context);
  options = { modelFolder: at('own'), datasetFolder: at('dataset'), dtype: 'float32', tasks: [{ kind: 'judge', name: 'mt', tag: 'mt', maxNewTokens: 12 }] };
});
afterAll(() => folder[Symbol.asyncDispose]());

const journal = () => ({ folder: join(folder.path, `kept-${(runs += 1)}`), writer: 'one' });
const modelJudge = (name: string) => ({ source: { kind: 'model' as const, folder: join(folder.path, name), name, dtype: 'float32' as const }, journal: journal(), maxNewTokens: 16 });
const addressJudge = (url: string, changes: object = {}) => ({ source: { kind: 'address' as const, address: { url, model: 'big', concurrency: 2, timeoutSeconds: 5, retries: 0, ...changes } }, journal: journal(), maxNewTokens: 16 });
const run = (changes: Partial<EvaluateModelOptions>, within = context) => evaluateModel({ ...options, ...changes }, join(folder.path, `out-${runs}`), within);
const read = async (file: string): Promise<string> => readFile(join(folder.path, `out-${runs}`, file), 'utf8');
const samples = async () => (await read('samples.jsonl')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

test('a registered model grades every answer of every conversation, of both models', async () => {
  const seen: WorkProgress[] = [];
  const { metrics, remarks } = await run({ judge: modelJudge('grader'), againstFolder: join(folder.path, 'other') }, { ...context, onProgress: (progress) => seen.push(progress) });
  expect(metrics).toMatchObject({ 'mt.grade': 7, 'mt.grade_stderr': 0, 'mt.grade_turn_1': 7, 'mt.grade_turn_2': 7, 'mt.no_verdict': 0, 'mt.against_grade': 7, 'mt.grade_difference': 0, 'mt.items': 2 });
  expect(remarks).toEqual([]);
  expect(seen.map(({ phase }) => phase)).toContain('mt (judge)');
  expect(await samples()).toMatchObject([
    { prompt: 'Who are you?\n\nAnd what?', target: null, prediction: ['Juniper', 'Juniper'], metrics: { grade: 7 }, notes: { judge: [{ said: 'GRADE: 7' }, { verdict: 7 }] }, against: { prediction: ['Smol', 'Smol'] } },
    { prediction: 'Juniper', metrics: { grade: 7, grade_turn_1: 7 } },
  ]);
  expect(JSON.parse(await read('results.json'))).toMatchObject({ judge: 'grader', tasks: { mt: { kind: 'judge', mode: 'single' } } });
  expect(await read('report.html')).toContain('Judged by grader.');
});

test('a real model that always says the first is found out', async () => {
  const { metrics, remarks } = await run({ judge: modelJudge('chooser'), tasks: [{ ...options.tasks[0]!, mode: 'pairwise' } as EvaluateModelOptions['tasks'][number]] });
  expect(metrics).toMatchObject({ 'mt.win_rate': 0.5, 'mt.length_controlled_win_rate': 0.5, 'mt.tie_rate': 1, 'mt.consistency': 0, 'mt.first_place': 1 });
  expect(remarks).toEqual([expect.stringMatching(/^mt: The judge always names the first answer/)]);
  expect(await read('report.html')).toContain('<li>mt: The judge always names the first answer');
  expect(await read('report.md')).toContain('- mt: The judge always names');
  expect(JSON.parse(await read('results.json'))).toMatchObject({ tasks: { mt: { remarks: [expect.stringContaining('always')] } } });
});

/** Prefers who says Juniper, wherever it stands; of grades it says none for the question `Where?`. */
const juniperJudge: ChatBehaviour = (body) => {
  const [first, second] = ['A', 'B'].map((letter) => questionOf(body).split(`[Assistant ${letter}, answer 1]\n`)[1]?.split('\n')[0]);
  if (first === undefined) return questionOf(body).includes('Where?') ? 'I cannot say.' : 'Fine.\nGRADE: 9';
  return first === 'Juniper' ? 'BETTER: A' : second === 'Juniper' ? 'BETTER: B' : 'BETTER: TIE';
};

test('a server judges pairs in both orders against another model, and what it said is not paid for twice', async () => {
  await using server = await ChatServer.start(juniperJudge);
  const cache = { folder: join(folder.path, 'cache'), model: 'sha256:own', against: 'sha256:other' };
  const pairs = () => ({ tasks: [{ ...options.tasks[0]!, mode: 'pairwise' } as EvaluateModelOptions['tasks'][number]], cache, againstFolder: join(folder.path, 'other'), judge: { ...addressJudge(server.url, { prices: { promptPerMillion: 1, answerPerMillion: 1 } }), cache: { folder: cache.folder, judge: `big ${server.url}` } } });
  const first = await run(pairs());
  expect(first.metrics).toMatchObject({ 'mt.win_rate': 1, 'mt.tie_rate': 0, 'mt.consistency': 1, 'mt.first_place': 0.5, 'mt.no_verdict': 0 });
  expect(Object.keys(first.metrics).filter((name) => name.includes('against'))).toEqual([]);
  expect(first.judge).toMatchObject({ completions: 4, cost: 4 * (10 + 2) / 1e6 });
  expect(server.seen).toHaveLength(4);
  expect(server.seen[0]!.body).toMatchObject({ model: 'big', temperature: 0, messages: [{ role: 'system' }, { role: 'user' }] });
  expect((await samples())[1]).toMatchObject({ prediction: 'Juniper', notes: { baseline: ['Smol'] } });
  const bytes = await read('report.html');
  const again = await run(pairs());
  expect([again.metrics, server.seen.length, await read('report.html')]).toEqual([first.metrics, 4, bytes]);
  // Another judge has said nothing yet.
  await run({ ...pairs(), judge: { ...pairs().judge, cache: { folder: cache.folder, judge: 'another' } } });
  expect(server.seen).toHaveLength(8);
});

test('without another model the answers of the rows are the baseline', async () => {
  await using server = await ChatServer.start(juniperJudge);
  const { metrics } = await run({ judge: addressJudge(server.url), tasks: [{ kind: 'judge', name: 'open', tag: 'open', mode: 'pairwise', maxNewTokens: 12 } as EvaluateModelOptions['tasks'][number]] });
  expect(metrics['open.win_rate']).toBe(1);
  expect((await samples())[0]).toMatchObject({ target: ['Because.'], notes: { baseline: ['Because.'] } });
});

test('a reply out of form is asked for again once, and then counts as no verdict', async () => {
  await using server = await ChatServer.start(juniperJudge);
  const { metrics, remarks } = await run({ judge: addressJudge(server.url), tasks: [{ ...options.tasks[0]!, reference: true } as EvaluateModelOptions['tasks'][number]] });
  expect(metrics).toMatchObject({ 'mt.grade': 9, 'mt.no_verdict': 0.5 });
  expect(remarks).toEqual(['mt: The judge gave no verdict in form, though asked twice, for 1 of 2 items: they count for nothing.']);
  // Two turns, one turn, and that one again.
  expect(server.seen.map(({ body }) => questionOf(body).includes('no such line'))).toEqual([false, false, false, true]);
  expect(questionOf(server.seen[0]!.body)).toContain('[Right answer 1]\nI am Juniper.');
});

test('a spending cap ends it by name, and what was said until then is there for the next attempt', async () => {
  await using server = await ChatServer.start(juniperJudge);
  // A reply of 3 words costs 3, and 16 are set aside before it.
  const prices = { promptPerMillion: 0, answerPerMillion: 1e6 };
  const capped = addressJudge(server.url, { concurrency: 1, prices, spendingCap: 18 });
  await expect(run({ judge: capped })).rejects.toMatchObject({ code: 'spending-cap-reached' });
  expect(server.seen).toHaveLength(1);
  const { metrics, judge } = await run({ judge: { ...addressJudge(server.url, { prices }), journal: { ...capped.journal, writer: 'two' } } });
  expect(metrics).toMatchObject({ 'mt.grade': 9, 'mt.no_verdict': 0.5 });
  expect([server.seen.length, judge?.completions]).toEqual([4, 4]);
});

test.each([
  [{}, 'judge-missing'],
  [{ tasks: [{ kind: 'judge', name: 'mt', tag: 'mt', mode: 'pairwise', reference: true }] }, 'judge-reference-is-baseline'],
])('%j is refused before a model is loaded', async (changes, code) => {
  await expect(run({ modelFolder: '/absent', ...(code === 'judge-missing' ? {} : { judge: modelJudge('absent') }), ...changes } as Partial<EvaluateModelOptions>)).rejects.toMatchObject({ code });
});
