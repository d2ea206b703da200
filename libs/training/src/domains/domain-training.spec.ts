import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setThreads, type WorkProgress } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { planTraining } from '../plan-training.js';
import { tinyTraining } from '../testing/tiny-training.js';
import { domainTraining, tinyDomains } from '../testing/tiny-domains.js';
import type { TrainOptions } from '../train-options.js';
import { trainModel } from '../train-model.js';
import type { DomainOptions } from './domain-options.js';

beforeAll(() => setThreads(1));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let options: TrainOptions;
let made = 0;
beforeAll(async () => {
  folder = await temporaryFolder('domains');
  options = await tinyDomains(folder.path);
});
afterAll(() => folder[Symbol.asyncDispose]());

const withDomains = (changes: Partial<DomainOptions>, others: Partial<TrainOptions> = {}): TrainOptions => ({ ...options, ...others, domains: { ...domainTraining, ...changes } });
const train = (changed: TrainOptions) => trainModel(changed, join(folder.path, `out-${(made += 1)}`), quiet);

test('weights answer to held-out losses at every evaluation, the first of the untuned model; the report and the plot tell of it', async () => {
  const reportFolder = join(folder.path, 'report');
  const { evaluations, order } = await trainModel(withDomains({ referenceLosses: { boats: 0.1, trees: 3, stars: 3 } }), join(folder.path, 'out'), quiet, { reportFolder });
  expect(order).toEqual({ domainReference: 'given', rowsOfNoDomain: 3 });
  expect(evaluations!.map(({ step }) => step)).toEqual([0, 4, 8, 12]);
  const weights = evaluations!.map(({ domains }) => domains!['boats']!.weight);
  expect(weights.every((weight, place) => place === 0 || weight > weights[place - 1]!)).toBe(true);
  for (const { domains } of evaluations!) expect(Object.values(domains!).reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
  const { boats } = evaluations![1]!.domains!;
  expect(boats).toMatchObject({ reference: 0.1, potential: (boats!.loss - 0.1) / boats!.loss });
  // The loss of all held-out rows is that of the domains, each by its tokens.
  const losses = Object.values(evaluations![3]!.domains!).map(({ loss }) => loss);
  expect(evaluations![3]!.loss).toBeGreaterThan(Math.min(...losses));
  expect(evaluations![3]!.loss).toBeLessThan(Math.max(...losses));
  expect((await readdir(reportFolder)).sort()).toEqual(['domains.svg', 'loss.svg', 'report.json']);
  expect(JSON.parse(await readFile(join(reportFolder, 'report.json'), 'utf8'))).toMatchObject({ settings: { domains: { schedule: { kind: 'fostering' } } }, evaluations });
});

test('expansion raises its target round by round', async () => {
  const { evaluations } = await train(withDomains({ schedule: { kind: 'expansion', target: 'stars', delta: 0.1, epsilon: 1e9, hold: 'keep', limit: 0.5, update: 'multiplicative', sigma: 0.5, score: 'ratio' }, referenceLosses: { boats: 1, trees: 1, stars: 1 } }));
  expect(evaluations!.map(({ domains }) => Number(domains!['stars']!.weight.toFixed(6)))).toEqual([0.433333, 0.5, 0.5, 0.5]);
});

test('fixed weights on one domain alone train on nothing else, and the others are watched', async () => {
  const { evaluations, domainReference } = await train(withDomains({ names: ['boats', 'trees', 'stars'], weights: { boats: 1 }, schedule: { kind: 'fixed' } }, { steps: 24, learningRate: 2e-2 })).then((report) => ({ ...report, ...report.order }));
  const change = (name: string): number => evaluations!.at(-1)!.domains![name]!.loss / evaluations![0]!.domains![name]!.loss;
  expect(domainReference).toBe('untuned');
  expect(change('boats')).toBeLessThan(Math.min(change('trees'), change('stars')));
});

test('references may be what earlier trainings reached, or what a model has now', async () => {
  await using one = await temporaryFolder('reports');
  await using other = await temporaryFolder('reports');
  const report = async (reportFolder: string, ...evaluations: Record<string, number>[]): Promise<string> => {
    const losses = evaluations.map((each, step) => ({ step, domains: Object.fromEntries(Object.entries(each).map(([name, loss]) => [name, { loss }])) }));
    await writeFile(join(reportFolder, 'report.json'), JSON.stringify({ evaluations: losses }));
    return reportFolder;
  };
  await report(one.path, { boats: 9, trees: 9, stars: 9 }, { boats: 0.5 });
  await report(other.path, { boats: 2, trees: 0.25 });
  const byReports = await train(withDomains({}, { referenceReportFolders: [one.path, other.path], steps: 4 }));
  expect(Object.values(byReports.evaluations![0]!.domains!).map(({ reference }) => reference)).toEqual([0.5, 9, 0.25]);
  expect(byReports.order!.domainReference).toBe('reports');

  const byModel = await train(withDomains({}, { referenceFolder: options.modelFolder, steps: 4 }));
  for (const { loss, reference } of Object.values(byModel.evaluations![0]!.domains!)) expect(reference).toBe(loss);
  await expect(train(withDomains({}, { referenceReportFolders: [await report(one.path, { boats: 1 })], steps: 4 }))).rejects.toMatchObject({ code: 'reference-missing', message: expect.stringContaining('none for stars, trees') });
});

test('stopped in any round and gone on with, the result is that of a training that was not stopped, bit for bit', async () => {
  const changed = withDomains({ roundTokens: 700, referenceLosses: { boats: 0.5, trees: 1, stars: 3 } }, { method: { kind: 'full' }, saveEvery: 1 });
  const place = (writer: string) => ({ checkpoints: { folder: join(folder.path, 'checkpoints'), writer, inputs: {} } });
  const whole = await trainModel(changed, join(folder.path, 'whole'), quiet);
  for (const stopAt of [2, 4, 7]) {
    const stopping = new AbortController();
    const onProgress = ({ phase, done }: WorkProgress): void => void (phase === 'train' && done === stopAt && stopping.abort(new Error('enough')));
    await expect(trainModel(changed, join(folder.path, 'stopped'), { signal: stopping.signal, onProgress }, place(`until-${stopAt}`))).rejects.toThrow('enough');
  }
  const resumed = await trainModel(changed, join(folder.path, 'stopped'), quiet, place('last'));
  expect(resumed.evaluations).toEqual(whole.evaluations);
  expect((await readFile(join(folder.path, 'stopped/model.safetensors'))).equals(await readFile(join(folder.path, 'whole/model.safetensors')))).toBe(true);
});

test('a plan counts what its rounds hold', async () => {
  const plan = await planTraining(withDomains({ roundTokens: 700 }, { steps: 12 }), quiet, { operations: 1e8 });
  expect(plan.steps).toBe(12);
  expect(plan.tokens).toBeGreaterThan(3 * 700 * 0.9);
  expect(plan.tokens).toBeLessThan(3 * 700 * 1.1);
});

test.each<[string, Partial<DomainOptions>, Partial<TrainOptions>, string, string]>([
  ['packing', {}, { packing: true }, 'bad-settings', 'neither packing'],
  ['another objective', {}, { objective: { kind: 'dpo', beta: 0.1, sftWeight: 0 } }, 'bad-settings', 'sft or pretrain'],
  ['a reference of no domain', { referenceLosses: { boats: 1, stars: 1, trees: 1, ships: 1 } }, {}, 'reference-unknown', 'got one of ships'],
  ['two sources of references', { referenceLosses: { boats: 1 } }, { referenceFolder: '/nowhere' }, 'bad-settings', 'one source'],
  ['weights that do not sum to one', { weights: { boats: 0.5, trees: 0.4 } }, {}, 'weights-sum', 'sum to 0.9'],
  ['an empty domain', { names: ['boats', 'silent'], weights: { boats: 0.5, silent: 0.5 } }, {}, 'domain-empty', 'silent has none'],
  ['a domain that is not held out', { names: ['boats', 'shown'], weights: { boats: 0.5, shown: 0.5 } }, {}, 'not-held-out', 'shown has none'],
  ['a target that is no domain', { names: ['boats', 'trees'], weights: { boats: 0.5, trees: 0.5 }, schedule: { kind: 'expansion', target: 'stars', delta: 0.1, epsilon: 1, hold: 'keep', limit: 0.9, update: 'multiplicative', sigma: 0.5, score: 'ratio' } }, {}, 'target-unknown', 'got stars'],
  ['a round that is too small', { roundTokens: 20 }, {}, 'round-too-small', 'Raise roundTokens'],
])('%s is refused', async (_name, changes, others, code, message) => {
  await expect(train(withDomains(changes, others))).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test('rounds end with evaluations, so there have to be some', async () => {
  const { evaluateEvery: _every, ...never } = withDomains({});
  await expect(train(never)).rejects.toMatchObject({ code: 'bad-settings', message: expect.stringContaining('expected evaluateEvery') });
});

test('without domains a training evaluates as before', async () => {
  await using plain = await temporaryFolder('plain');
  const report = await trainModel(await tinyTraining(plain.path, { steps: 4, evaluateEvery: 2 }), join(plain.path, 'out'), quiet, { reportFolder: join(plain.path, 'report') });
  expect(report.evaluations).toEqual([{ step: 2, loss: expect.any(Number) }, { step: 4, loss: expect.any(Number) }]);
  expect(await readdir(join(plain.path, 'report'))).toEqual(['loss.svg', 'report.json']);
});
