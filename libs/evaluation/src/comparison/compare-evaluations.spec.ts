import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareEvaluations } from './compare-evaluations.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'compare-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function reportIn(name: string, file: string, report: object): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, file), JSON.stringify(report));
  return path;
}

const evaluation = (name: string, accuracy: number, loss: number) => reportIn(name, 'results.json', { dtype: 'float32', tasks: { qa: { items: 10, metrics: { acc: accuracy, acc_stderr: 0.1 } }, law: { items: 5, metrics: { loss } } } });
const training = (name: string, rowsPerSecond: number) => reportIn(name, 'report.json', { method: 'lora', trainableParameters: 100, totalParameters: 1000, rowsPerSecond, processorSecondsPerRow: 2 / rowsPerSecond, peakMemoryBytes: 5e6, loss: [3, 2] });

test('runs of one name are a row, held against the baseline', async () => {
  const out = join(folder, 'out');
  const options = {
    title: 'herd', labels: ['base', 'lora-seed1', 'lora-seed2'], baseline: 'base', errors: [],
    evaluationFolders: [await evaluation('e0', 0.5, 3), await evaluation('e1', 0.6, 2), await evaluation('e2', 0.8, 1)],
    reportFolders: [await training('t0', 1), await training('t1', 2), await training('t2', 4)],
  };
  expect((await compareEvaluations(options, out)).metrics).toEqual({ base: { 'qa.acc': 0.5, 'law.loss': 3 }, lora: { 'qa.acc': expect.closeTo(0.7, 12), 'law.loss': 1.5 } });
  expect((await readdir(out)).sort()).toEqual(['comparison.json', 'comparison.md', 'index.html', 'law.svg', 'loss-over-steps.svg', 'memory-against-score.svg', 'qa.svg', 'size-against-score.svg']);
  expect(await readFile(join(out, 'comparison.md'), 'utf8')).toBe(`# herd

|  | runs | trainable | share | parameters | rows/s | processor s/row | memory, MB | final loss | qa.acc | law.loss |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| base | 1 | 100 | 10 % | 1000 | 1 | 2 | 5 | 2 | 0.5000 | 3 |
| lora | 2 | 100 | 10 % | 1000 | 3 | 0.7500 | 5 | 2 | 0.7000 ± 0.1414 | 1.5000 ± 0.7071 |

## Difference from base

|  | qa.acc | law.loss |
| --- | --- | --- |
| lora | +0.2000 | -1.5000 |
`);
  expect(JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8'))).toMatchObject({ rows: [{ label: 'base', runs: 1 }, { label: 'lora', runs: 2, metrics: { 'law.loss': { mean: 1.5 } } }] });
});

test('what several evaluations say of one label is one run', async () => {
  const agreement = await reportIn('agreement', 'results.json', { tasks: { agreement: { metrics: { qwen: 0.4 } } } });
  const out = join(folder, 'agreed');
  const evaluations = [await evaluation('s1', 0.5, 3), await evaluation('s2', 0.7, 1), agreement, agreement];
  const { metrics } = await compareEvaluations({ title: 't', labels: ['seed1-a', 'seed2-a', 'seed1-a', 'seed2-a'], evaluationFolders: evaluations, reportFolders: [], errors: [] }, out);
  expect(metrics).toEqual({ a: { 'qa.acc': expect.closeTo(0.6, 12), 'law.loss': 2, 'agreement.qwen': 0.4 } });
  expect(JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8'))).toMatchObject({ rows: [{ label: 'a', runs: 2 }] });
  const one = await compareEvaluations({ title: 't', labels: ['a', 'a'], evaluationFolders: [evaluations[0]!, agreement], reportFolders: [], errors: [] }, join(folder, 'one'));
  expect(one.metrics).toEqual({ a: { 'qa.acc': 0.5, 'law.loss': 3, 'agreement.qwen': 0.4 } });
  expect(await readFile(join(folder, 'one/comparison.md'), 'utf8')).not.toContain('runs');
});

test('differences are taken seed by seed, where both rows have the same ones', async () => {
  const out = join(folder, 'paired');
  const labels = ['plain-seed1', 'plain-seed2', 'fused-seed1', 'fused-seed2', 'other'];
  const evaluationFolders = [await evaluation('p1', 0.5, 3), await evaluation('p2', 0.5, 1), await evaluation('p3', 0.5, 2.5), await evaluation('p4', 0.75, 0.7), await evaluation('p5', 0.75, 1)];
  await compareEvaluations({ title: 't', labels, evaluationFolders, reportFolders: [], errors: [], baseline: 'plain' }, out);
  expect((await readFile(join(out, 'comparison.md'), 'utf8')).split('\n').slice(-3)).toEqual(['| fused | +0.1250 ± 0.1768 | -0.4000 ± 0.1414 |', '| other | +0.2500 | -1.0000 |', '']);
});

test('losses of several tasks are one picture', async () => {
  const losses = await reportIn('losses', 'results.json', { tasks: { law: { metrics: { loss: 2 } }, code: { metrics: { loss: 1 } }, qa: { metrics: { acc: 0.5 } } } });
  const out = join(folder, 'together');
  await compareEvaluations({ title: 't', labels: ['a'], evaluationFolders: [losses], reportFolders: [], errors: [] }, out);
  expect((await readdir(out)).filter((name) => name.endsWith('.svg')).sort()).toEqual(['loss.svg', 'qa.svg']);
  expect(await readFile(join(out, 'loss.svg'), 'utf8')).toMatch(/>law<[^]*>code</);
});

test('a run that failed is told in its row: what its training took, and why there are no scores', async () => {
  const out = join(folder, 'failed');
  const trained = await training('t3', 1);
  const options = {
    title: 'methods', labels: ['full', 'lora-seed1', 'lora-seed2', 'dora'], baseline: 'lora', evaluationFolders: [null, await evaluation('f1', 0.5, 3), null, null], reportFolders: [null, trained, null, trained],
    errors: ['expected 9 GB | got 4\n(memory)', null, 'loss NaN', 'no rows'],
  };
  expect((await compareEvaluations(options, out)).metrics).toEqual({ full: {}, lora: { 'qa.acc': 0.5, 'law.loss': 3 }, dora: {} });
  const table = (await readFile(join(out, 'comparison.md'), 'utf8')).split('\n').slice(4, 7);
  expect(table).toEqual([
    '| full | 0 |  |  |  |  |  |  |  |  |  | expected 9 GB \\| got 4 (memory) |',
    '| lora | 1 | 100 | 10 % | 1000 | 1 | 2 | 5 | 2 | 0.5000 | 3 | lora-seed2: loss NaN |',
    '| dora | 0 | 100 | 10 % | 1000 | 1 | 2 | 5 | 2 |  |  | no rows |',
  ]);
  await expect(compareEvaluations({ ...options, evaluationFolders: [null, null, null, null] }, join(folder, 'none'))).rejects.toThrow(/every run failed:\n- full: expected 9 GB/);
});

test('only the metrics that were asked for, in their order; without trainings no size', async () => {
  const out = join(folder, 'some');
  await compareEvaluations({ title: 't', labels: ['a'], evaluationFolders: [await evaluation('e3', 0.5, 3)], reportFolders: [], errors: [], metrics: ['law.loss', 'qa.acc'] }, out);
  expect((await readFile(join(out, 'comparison.md'), 'utf8')).split('\n')[2]).toBe('|  | law.loss | qa.acc |');
  expect(await readdir(out)).not.toContain('size-against-score.svg');
});

test.each([
  ['a metric that nobody reports', { metrics: ['qa.f1'] }, /metrics: expected names out of qa\.acc, qa\.acc_stderr, law\.loss; got qa\.f1/],
  ['a baseline that is no row', { baseline: 'x' }, /baseline: expected one of a; got "x"/],
  ['a folder without a report', { evaluationFolders: ['/nowhere'] }, /expected the report of an evaluation in \/nowhere/],
])('%s is refused', async (_what, given, message) => {
  const options = { title: 't', labels: ['a'], evaluationFolders: [await evaluation('e4', 0.5, 3)], reportFolders: [], errors: [], ...given };
  await expect(compareEvaluations(options, join(folder, 'refused'))).rejects.toThrow(message);
});
