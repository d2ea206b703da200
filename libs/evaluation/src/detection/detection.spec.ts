import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadForInference } from '@tunesmith/generation';
import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { temporaryFolder, writeSpeakingModel, writeTinyModel } from '@tunesmith/tests-support';
import { detectDomains, type DetectOptions } from './detect-domains.js';
import { detectionPlot } from './detection-plot.js';
import { checkLabels, sixDomains } from './domain-labels.js';
import { fitCalibration } from './fit-calibration.js';
import { openLabelJudge, type LabelJudgeOptions } from './label-judge.js';
import { sampleModel } from './sample-model.js';
import { shareIntervals } from './share-intervals.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const labels = { numbers: ['numbers', 'zeros'], waves: ['waves'] };
const texts = (domain: 'numbers' | 'waves', count: number, from = 0): { domain: string; text: string }[] =>
  Array.from({ length: count }, (_, index) => ({ domain, text: (domain === 'numbers' ? '0 1 ' : '~ ~~ ').repeat(4 + ((index + from) % 5)) }));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let random: string;
let constant: string;
beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder('detection');
  [random, constant] = [join(folder.path, 'random'), join(folder.path, 'constant')];
  await writeTinyModel(random, { hiddenSize: 32 });
  await writeSpeakingModel(constant, 'Juniper', { sharpness: 0 });
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('a judge by the likelihood of labels', () => {
  async function judge(modelFolder: string, options: Partial<LabelJudgeOptions> = {}, words: Record<string, readonly string[]> = labels) {
    using loaded = await loadForInference(modelFolder, { dtype: 'float32' });
    const opened = await openLabelJudge(loaded, words, { textTokens: 64, ...options }, context);
    return { calibration: opened.calibration, verdicts: await opened.judge([...texts('numbers', 6, 2), ...texts('waves', 6, 2)].map(({ text }) => text), context) };
  }

  test('learns from examples what even a random model says otherwise of other texts', async () => {
    const { calibration, verdicts } = await judge(random, { examples: [...texts('numbers', 5), ...texts('waves', 5)] });
    expect(calibration).toEqual({ kind: 'examples', examples: 10 });
    expect(verdicts.map((verdict) => verdict![0]! > 0.5)).toEqual([...Array<boolean>(6).fill(true), ...Array<boolean>(6).fill(false)]);
    for (const verdict of verdicts) expect(verdict![0]! + verdict![1]!).toBeCloseTo(1, 12);
  });

  test('without examples divides through its answer to texts that say nothing', async () => {
    const { calibration } = await judge(random).catch((error: unknown) => ({ calibration: (error as { facts: { calibration: { bias: Record<string, number> } } }).facts.calibration }));
    const { bias } = calibration as { bias: Record<string, number> };
    expect(bias['numbers']! + bias['waves']!).toBeCloseTo(1, 12);
  });

  test('that says the same of everything is refused, whatever its calibration', async () => {
    await expect(judge(constant)).rejects.toMatchObject({ code: 'judge-constant', message: expect.stringContaining('are all "numbers" to it') });
    await expect(judge(constant, { examples: [...texts('numbers', 3), ...texts('waves', 3)] })).rejects.toMatchObject({ code: 'judge-constant' });
  });

  test('needs labels that it can tell apart', async () => {
    await expect(judge(random, {}, { numbers: ['numbers'], nouns: ['nouns'] })).rejects.toMatchObject({ code: 'labels-alike', message: expect.stringContaining('"nouns" of nouns begins as a word of numbers does') });
    expect(() => checkLabels({ law: ['law'] })).toThrow(expect.objectContaining({ code: 'domains-invalid' }));
    expect(() => checkLabels({ law: ['law'], code: ['Law'] })).toThrow('"Law" stands for law and code');
    expect(() => checkLabels({ law: ['law'], code: [] })).toThrow('words for code');
    expect(checkLabels(sixDomains)).toBe(sixDomains);
  });
});

test('an affine calibration undoes a bias, and is the same every time', () => {
  // The first feature says which it is, but both domains have it above zero; the second says nothing.
  const examples = Array.from({ length: 40 }, (_, index) => ({ domain: index % 2, features: [(index % 2) * 2 + 5 + 0.5 * Math.sin(index), Math.cos(index * 7)] }));
  const calibration = fitCalibration(examples, 2);
  expect(examples.filter(({ features, domain }) => calibration(features)[domain]! > calibration(features)[1 - domain]!)).toHaveLength(40);
  expect(fitCalibration(examples, 2)([6, 0])).toEqual(calibration([6, 0]));
});

test('intervals hold the share, narrow with more samples, and are a point where all agree', () => {
  const mixed = (count: number): number[][] => Array.from({ length: count }, (_, index) => (index % 4 === 0 ? [1, 0] : [0, 1]));
  const [few, many] = [shareIntervals(mixed(20), 2, 1)[0]!, shareIntervals(mixed(320), 2, 1)[0]!];
  for (const { low, high } of [few, many]) expect([low < 0.25, high > 0.25]).toEqual([true, true]);
  // Of a proportion: about 2 * 1.96 * sqrt(.25 * .75 / n).
  expect(many.high - many.low).toBeGreaterThan(0.08);
  expect(many.high - many.low).toBeLessThan(0.11);
  expect(few.high - few.low).toBeGreaterThan(3 * (many.high - many.low));
  expect(shareIntervals([[1, 0], [1, 0]], 2, 1)).toEqual([{ low: 1, high: 1 }, { low: 0, high: 0 }]);
});

describe('detectDomains', () => {
  let options: DetectOptions;
  beforeAll(async () => {
    const datasetFolder = join(folder.path, 'dataset');
    await mkdir(datasetFolder);
    const rows = (['numbers', 'waves'] as const).flatMap((domain) => texts(domain, 10).map(({ text }, index) => JSON.stringify({ text, tags: [domain], split: index < 6 ? 'train' : 'validation' })));
    await writeFile(join(datasetFolder, 'rows.jsonl'), `${rows.join('\n')}\n`);
    options = {
      modelFolder: random, domains: labels, judge: { kind: 'model', folder: random }, aggregate: 'mean-probability', rounds: 3, samples: 4, judgeTokens: 64, examplesFolder: datasetFolder, examplesOfDomain: 5, checkFolder: datasetFolder,
      dtype: 'float32', start: 'bos', temperature: 1, topP: 1, repetitionPenalty: 1.1, maxNewTokens: 12, seed: 5,
    };
  });
  const detect = async (changes: Partial<DetectOptions> = {}, out = join(folder.path, `out-${Math.random()}`)) => ({ out, detection: await detectDomains({ ...options, ...changes }, out, context) });

  test('samples, judges and averages over rounds; the same request gives the same bytes', async () => {
    const before = liveTensors();
    const { out, detection } = await detect();
    expect(liveTensors()).toBe(before);
    expect(detection).toMatchObject({ samples: 12, empty: expect.any(Number), discarded: 0, aggregate: 'mean-probability', judge: { kind: 'model', calibration: { kind: 'examples', examples: 10 }, check: { texts: 8, discarded: 0, accuracy: 1, balancedAccuracy: 1, confusion: { numbers: { numbers: 4, waves: 0 }, waves: { numbers: 0, waves: 4 } } } } });
    const { shares, intervals, rounds } = detection;
    expect(shares['numbers']! + shares['waves']!).toBeCloseTo(1, 12);
    expect(rounds).toHaveLength(3);
    expect(intervals['waves']!.low).toBeLessThanOrEqual(shares['waves']!);
    expect((await readdir(out)).sort()).toEqual(['detection.json', 'detection.svg', 'samples.jsonl']);
    const samples = (await readFile(join(out, 'samples.jsonl'), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as { round: number; probabilities: Record<string, number> | null });
    expect(samples.map(({ round }) => round)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    const judged = samples.flatMap(({ probabilities }) => (probabilities ? [probabilities] : []));
    expect(judged.reduce((sum, each) => sum + each['waves']!, 0) / judged.length).toBeCloseTo(shares['waves']!, 12);
    const again = await detect();
    for (const file of ['detection.json', 'samples.jsonl', 'detection.svg']) expect(await readFile(join(again.out, file), 'utf8')).toBe(await readFile(join(out, file), 'utf8'));
    const hard = (await detect({ aggregate: 'hard-label' })).detection;
    expect(Number.isInteger(Number((hard.shares['waves']! * judged.length).toFixed(9)))).toBe(true);
  });

  test.each<[string, Partial<DetectOptions>, string]>([
    ['a dataset without rows of the domains', { domains: { art: ['art'], zen: ['zen'] } }, 'nothing-to-check'],
    ['one domain', { domains: { art: ['art'] } }, 'domains-invalid'],
  ])('%s is refused before anything is loaded', async (_name, changes, code) => {
    await expect(detect({ ...changes, modelFolder: '/nowhere' })).rejects.toMatchObject({ code });
  });

  test('a model that says nothing has no domains', async () => {
    const silent = join(folder.path, 'silent');
    await writeSpeakingModel(silent, 'J', { sharpness: 40 });
    await expect(detect({ modelFolder: silent, start: 'eos' })).rejects.toMatchObject({ code: 'nothing-judged', message: expect.stringContaining('of 12, 12 were empty') });
  });
});

test('a model without the token to start from is told what to try', async () => {
  const headless = join(folder.path, 'headless');
  await writeTinyModel(headless, { hiddenSize: 32 });
  const path = join(headless, 'tokenizer_config.json');
  const { bos_token: _none, ...config } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify(config));
  using loaded = await loadForInference(headless, { dtype: 'float32' });
  await expect(sampleModel(loaded, 1, { start: 'bos', temperature: 1, topP: 1, repetitionPenalty: 1, maxNewTokens: 1, seed: 1 }, context)).rejects.toMatchObject({ code: 'no-start-token', message: expect.stringContaining('Try start eos') });
});

test('the picture has a bar, an interval and a ring for each round', () => {
  const svg = detectionPlot('a<b', [{ domain: 'law', share: 0.25, interval: { low: 0.2, high: 0.4 }, rounds: [0.2, 0.3] }]);
  expect([svg.match(/class="bar"/g), svg.match(/class="interval"/g), svg.match(/<circle/g)].map((each) => each?.length)).toEqual([1, 1, 2]);
  expect(svg).toContain('25.0 %');
});
