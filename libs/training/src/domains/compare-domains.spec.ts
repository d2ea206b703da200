import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { armOf, compareDomains, type CompareDomainsOptions } from './compare-domains.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder('compare')));
afterAll(() => folder[Symbol.asyncDispose]());

type Losses = Readonly<Record<string, number>>;
const untuned = { law: 4, code: 2, other: 1 };

async function compare(runs: Readonly<Record<string, Losses>>, options: Partial<CompareDomainsOptions> = {}, first: Losses = untuned) {
  const labels = Object.keys(runs);
  const reportFolders = await Promise.all(labels.map(async (label, index) => {
    const reportFolder = join(folder.path, label);
    await mkdir(reportFolder, { recursive: true });
    const at = (step: number, losses: Losses) => ({ step, loss: 1, domains: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, { loss }])) });
    await writeFile(join(reportFolder, 'report.json'), JSON.stringify({ evaluations: [at(0, index === labels.length - 1 ? first : untuned), at(4, runs[label]!)], tokensPerSecond: 50, seconds: 2 }));
    return reportFolder;
  }));
  const out = join(folder.path, 'out');
  return { out, comparison: await compareDomains({ reportFolders, labels, baseline: 'uniform', ...options }, out) };
}

const runs = {
  'uniform-seed1': { law: 3, code: 1, other: 1 }, 'uniform-seed2': { law: 3.2, code: 1.2, other: 1 },
  'uniform-seed1-single': { law: 2, code: 3, other: 1.5 }, 'uniform-seed1-expansion': { law: 2.2, code: 2.2, other: 0.5 },
};

test('arms over their seeds, changes from the untuned model, and what the figures say', async () => {
  const { out, comparison } = await compare(runs, { target: 'law', specialist: 'single' });
  const [uniform, single, expansion] = comparison.arms;
  expect(comparison.arms.map(({ name, seeds }) => [name, seeds])).toEqual([['uniform', 2], ['single', 1], ['expansion', 1]]);
  expect(uniform!.loss['law']).toEqual({ mean: 3.1, deviation: expect.closeTo(Math.SQRT1_2 * 0.2, 12) });
  expect(uniform!.change['code']!.mean).toBeCloseTo(-0.45, 12);
  expect(uniform!.tokens.mean).toBe(100);
  expect(single).toMatchObject({ targetGain: { mean: 0.5 }, forgetting: { mean: 0.5 } });
  expect(expansion!.targetGain!.mean).toBeCloseTo(0.45, 12);
  expect(expansion!.forgetting!.mean).toBeCloseTo(0.05, 12); // what got better is no credit
  expect(comparison.findings).toContain('expansion: 90.0 % of the gain of single on law, with 90.0 % less forgetting of the others');
  expect(comparison.findings[0]).toBe('single: mean loss 2.1667, 0.4333 above uniform (1.7333)');
  expect(JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8'))).toEqual(comparison);
  const text = await readFile(join(out, 'comparison.md'), 'utf8');
  expect(text).toContain('| untuned |  | 4.000 | 2.000 | 1.000 | 2.333 |');
  expect(text).toContain('| uniform | 2 | 3.100 ± 0.141 | 1.100 ± 0.141 | 1.000 ± 0.000 | 1.733 ± 0.094 |');
  expect(text).toContain('| single | +50.0 % | +50.0 % |');
});

test('labels name their arm by the last part that is no seed', () => {
  expect(['uniform-seed1', 'uniform-seed1-single', 'seed3', 'dynamic'].map(armOf)).toEqual(['uniform', 'single', 'seed3', 'dynamic']);
});

test.each<[string, () => Promise<unknown>, string]>([
  ['other held-out rows', () => compare(runs, {}, { ...untuned, law: 4.1 }), 'begin with the same held-out losses'],
  ['an unknown target', () => compare(runs, { target: 'art' }), 'a target out of law, code, other'],
  ['no baseline', () => compare(runs, { baseline: 'constant' }), 'an arm called constant; got uniform, single, expansion'],
  ['a training without domains', async () => {
    await writeFile(join(folder.path, 'report.json'), JSON.stringify({ evaluations: [{ step: 2, loss: 1 }] }));
    return compareDomains({ reportFolders: [folder.path], labels: ['uniform'], baseline: 'uniform' }, join(folder.path, 'out'));
  }, 'no evaluations by domain'],
])('%s cannot be compared', async (_name, comparing, message) => {
  await expect(comparing()).rejects.toMatchObject({ code: 'not-comparable', message: expect.stringContaining(message) });
});
