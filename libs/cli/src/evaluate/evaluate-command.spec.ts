import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, sampleStep, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';
import * as contracts from '@tunesmith/contracts';
import { scoreLines } from './score-lines.js';
import { taskFiles } from './task-files.js';

const uploadId = '0194d3f0-0000-7000-8000-000000000009';
const home = mkdtempSync(join(tmpdir(), 'tunesmith-home-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const evaluation = { digest: sampleDigest, size: 10, mediaType: 'application/vnd.tunesmith.evaluation.v1+folder' };

async function evaluated(words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string; steps: Record<string, { uses: string; needs?: string[]; with: Record<string, unknown> }> | undefined; files: string[] }> {
  const files: string[] = [];
  const view = (complete = false) => ({ id: uploadId, reference: `upload:${uploadId}`, complete, files: files.map((path) => ({ path, size: 0, digest: sampleDigest, received: 1e6 })), createdAt: '2026-11-21T12:00:00.000Z' });
  await using platform = await TinyPlatform.start({
    'POST /v1/uploads': ({ bytes }) => {
      files.push(...(JSON.parse(bytes.toString()) as { files: { path: string }[] }).files.map(({ path }) => path));
      return view();
    },
    [`PATCH /v1/uploads/${uploadId}`]: () => view(),
    [`POST /v1/uploads/${uploadId}/complete`]: () => view(true),
    'POST /v1/runs': sampleRun(),
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}`]: { mediaType: evaluation.mediaType, files: [{ path: 'samples.jsonl', size: 3, digest: `sha256:${createHash('sha256').update('{}\n').digest('hex')}` }] },
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest)}/files/samples.jsonl`]: (_request, answer) => void answer.end('{}\n'),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      const done = succeededRun({ name: 'evaluate', uses: 'evaluate', outputs: { evaluation }, metrics: { 'mmlu.acc': 0.25, 'mmlu.acc_stderr': 0.01, 'mmlu.items': 8, 'v1.5.exact_match-strict': 1, remarks: ['mmlu: the judge always names the first answer'] } });
      sendEvents(answer)('end', { ...done, steps: [sampleStep({ name: 'import-tasks', uses: 'import-tasks', status: 'succeeded' }), ...done.steps] });
      answer.end();
    },
  });
  const result = await runCommand(['evaluate', ...words], { environment: { ...platform.environment, TUNESMITH_HOME: home } });
  const steps = platform.seen('POST /v1/runs').length === 1 ? (platform.bodyOf('POST /v1/runs') as { steps: NonNullable<Awaited<ReturnType<typeof evaluated>>['steps']> }).steps : undefined;
  return { ...result, steps, files };
}

test('tasks are gathered first, then asked; results by task and metric, with their errors', async () => {
  const { code, stdout, stderr, steps } = await evaluated(['m', '--tasks', 'mmlu,gsm8k', '--limit', '5', '--num-fewshot', '0', '--batch', '4', '--dtype', 'float32', '--apply-chat-template', '--no-fewshot-as-turns', '--json']);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(steps).toEqual({
    'import-tasks': { uses: 'import-tasks', with: { tasks: ['mmlu', 'gsm8k'] } },
    evaluate: { uses: 'evaluate', needs: ['import-tasks'], with: { limit: 5, numFewshot: 0, batch: 4, dtype: 'float32', applyChatTemplate: true, fewshotAsTurns: false, model: 'm', definitions: '${{ steps.import-tasks.tasks }}' } },
  });
  expect(JSON.parse(stdout)).toMatchObject({ results: { mmlu: { acc: 0.25, acc_stderr: 0.01 }, 'v1.5': { 'exact_match-strict': 1 } }, artifact: sampleDigest });
  expect(readFileSync((JSON.parse(stdout) as { samples: string }).samples, 'utf8')).toBe('{}\n');
  expect((await evaluated(['m', '--adapter', 'tuned@prod', '--tasks', 'mmlu'])).steps!['evaluate']!.with).toMatchObject({ model: 'm', adapter: 'tuned@prod' });
  expect((await evaluated(['m', '--tasks', 'mmlu'])).stdout).toMatch(/mmlu +acc +8 +0\.2500 +0\.0100/);
});

test('beside another model the difference stands with its interval', () => {
  const metrics = { 'qa.acc': 0.75, 'qa.acc_stderr': 0.02, 'qa.items': 400, 'qa.against_acc': 0.5, 'qa.acc_difference': 0.25, 'qa.acc_difference_low': 0.2, 'qa.acc_difference_high': 0.3, 'qa.acc_difference_p': 0.0005, 'qa.loss_increase': 0.1, note: 'x' };
  const [heading, ...rows] = scoreLines(metrics, contracts).map((line) => line.split(/ {2,}/));
  expect(heading).toEqual(['TASK', 'METRIC', 'ITEMS', 'VALUE', '±', 'AGAINST', 'DIFFERENCE', '95 %', 'P']);
  expect(rows).toEqual([['qa', 'acc', '400', '0.7500', '0.0200', '0.5000', '0.2500', '0.2000 to 0.3000', '5.00e-4'], ['qa', 'loss_increase', '400', '0.1000']]);
});

test('to a shared platform goes all that the tasks are made of, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tunesmith-tasks-'));
  const put = (path: string, content: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    return join(folder, path);
  };
  const own = put('tasks/own.yaml', 'include: ../base.yaml\ntask: own\ndoc_to_text: !function x.y\ndataset_kwargs: {data_files: {test: [docs.jsonl, absent.jsonl]}}\n');
  put('base.yaml', 'dataset_path: json\n');
  put('tasks/x.py', 'def y():\n    return "?"\n');
  put('tasks/docs.jsonl', '{}');
  put('tasks/secret.txt', 'x');
  put('data/mmlu.test.jsonl', '{}');
  const { steps, files, code } = await evaluated(['m', '--tasks', `mmlu,${own}`, '--data', join(folder, 'data')]);
  expect(code).toBe(0);
  expect(files).toEqual(['base.yaml', 'data/mmlu.test.jsonl', 'tasks/docs.jsonl', 'tasks/own.yaml', 'tasks/x.py']);
  expect(steps!['import-tasks']!.with).toEqual({ path: `upload:${uploadId}`, tasks: ['mmlu', 'tasks/own.yaml'], data: 'data' });
  put('group/all.yaml', 'group: all\ntask: [one, {task: two, dataset_kwargs: {data_files: inline.jsonl}}]\n');
  put('group/one.yaml', 'name: one\ndata: one.csv\n');
  put('group/one.csv', 'a\n');
  put('group/inline.jsonl', '{}');
  const { files: grouped, root } = await taskFiles({ files: [join(folder, 'group/all.yaml')] });
  expect([root, grouped.map(({ path }) => path)]).toEqual([join(folder, 'group'), ['all.yaml', 'inline.jsonl', 'one.csv', 'one.yaml']]);
});

test.each([
  [['m'], 'expected --tasks, or --dataset with --task'],
  [['m', '--dataset', 'd'], 'expected --tasks, or --dataset with --task'],
  [['m', '--tasks', 'mmlu', '--dataset', 'd'], '--dataset and --task together'],
  [['m', '--tasks', ' , '], '--tasks: expected names'],
  [['m', '--tasks', 'sciq,mmul'], 'got "mmul": did you mean "mmlu"?'],
  [['m', '--tasks', 'mmlu', '--limit', '0'], '--limit'],
  [['m', '--tasks', 'mmlu', '--dtype', 'int8'], '--dtype'],
  [['m', '--dataset', 'd', '--task', 'rouge:x'], 'exact-match, loss, judge or judge-pairs'],
  [['m', '--dataset', 'd', '--task', 'judge:x'], '--judge: expected who judges'],
  [['m', '--dataset', 'd', '--task', 'loss:x', '--judge', 'q'], 'expected a task whose answers are judged'],
  [['m', '--dataset', 'd', '--task', 'judge:x', '--judge', 'q', '--prices', '1:2'], '--prices: expected an address as --judge; got q'],
  [['m', '--tasks', 'mmlu', '--format', 'gguf/q8_0', '--dtype', 'float32'], '--dtype: expected none beside gguf/q8_0'],
  [['--address', 'http://127.0.0.1:1/v1', '--model', 'm', '--tasks', 'mmlu', '--dtype', 'float32'], '--dtype: expected none beside --address'],
  [['m', '--format', 'gguf/q8_0', '--dtype', 'float32', '--dataset', 'd', '--task', 'judge:x', '--judge', 'https://e.com/v1', '--judge-model', 'b'], '--dtype: expected none beside gguf/q8_0'],
  [['m', '--dataset', 'd', '--task', 'qa:x', '--data', 'folder', '--num-fewshot', '5'], '--data, --num-fewshot: expected --tasks, whose prompts they are of'],
  [['m', '--tasks', 'mmlu', '--no-fewshot-as-turns'], '--no-fewshot-as-turns: expected --apply-chat-template'],
  [['m', '--tasks', 'mmlu', '--max-new-tokens', '9'], '--max-new-tokens: expected --task beside it'],
  [['m', '--tasks', 'mmlu', '--fresh'], '--template, --fresh: expected --address beside them'],
  [['m', '--tasks', 'mmlu', '--template', 'm'], '--template, --fresh: expected --address beside them'],
  [['m', '--dataset', 'd', '--task', 'judge:x', '--judge', 'https://e.com/v1'], '--judge-model: expected'],
  [['m', '--dataset', 'd', '--task', 'judge:x', '--judge', 'https://e.com/v1', '--judge-model', 'b', '--judge-key-variable', 'TUNESMITH_TOKEN'], '--judge-key-variable: expected the name'],
])('%j is wrong use: %s', async (words, reason) => {
  const { code, stderr } = await evaluated(words);
  expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
});

test('answers are judged by a registered model, or by a server', async () => {
  const { steps, stdout } = await evaluated(['m', '--dataset', 'd', '--task', 'mt=judge:mt-bench', '--task', 'judge-pairs:mt-bench', '--judge', 'qwen@prod', '--judge-tokens', '64', '--judge-reference', '--max-new-tokens', '100']);
  const task = { kind: 'judge', tag: 'mt-bench', reference: true, maxNewTokens: 100 };
  expect(steps!['evaluate']!.with).toEqual({ model: 'm', dataset: 'd', judge: 'qwen@prod', judgeNewTokens: 64, tasks: [{ ...task, name: 'mt' }, { ...task, name: 'mt-bench', mode: 'pairwise' }] });
  expect(stdout).toContain('mmlu: the judge always names the first answer');
  const elsewhere = await evaluated(['m', '--dataset', 'd', '--task', 'judge:mt', '--judge', 'https://example.com/v1', '--judge-model', 'big', '--judge-key-variable', 'BIG_API_KEY', '--prices', '1:2', '--spending-cap', '3', '--retries', '1']);
  expect(elsewhere.steps!['evaluate']!.with).toEqual({
    model: 'm', dataset: 'd', tasks: [{ kind: 'judge', name: 'mt', tag: 'mt' }], judgeAddress: { url: 'https://example.com/v1', model: 'big', keyVariable: 'BIG_API_KEY', prices: { promptPerMillion: 1, answerPerMillion: 2 }, spendingCap: 3, retries: 1 },
  });
});

test('beside a file, a type of number is that of the model to compare with', async () => {
  expect((await evaluated(['m', '--format', 'gguf/q8_0', '--against', 'm', '--dtype', 'float32', '--tasks', 'mmlu'])).steps!['evaluate']!.with).toMatchObject({ gguf: 'm#gguf/q8_0', against: 'm', dtype: 'float32' });
});

test('a file that is not there, or no YAML, is said before anything is sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tunesmith-tasks-'));
  writeFileSync(join(folder, 'broken.yaml'), 'a: [');
  expect((await evaluated(['m', '--tasks', join(folder, 'none.yaml')])).stderr).toContain('there is none');
  const { code, stderr } = await evaluated(['m', '--tasks', join(folder, 'broken.yaml')]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('expected YAML')]);
});
