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
    const at = (step: number, losses: Losses) => ({ step, loss: 1, domains: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, { loss, weight: 1 / 3 + (label.endsWith('expansion') && step > 0 && step < 4 ? { law: 0.2 }[name] ?? -0.1 : 0) }])) });
    await writeFile(join(reportFolder, 'report.json'), JSON.stringify({ evaluations: [at(0, index === labels.length - 1 ? first : untuned), at(2, untuned), at(4, runs[label]!)], tokensPerSecond: 50, seconds: 2 }));
    return reportFolder;
  }));
  const out = join(folder.path, 'out');
  return { out, comparison: await compareDomains({ reportFolders, labels, baseline: 'uniform', claims: [], ...options }, out) };
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

const claims: CompareDomainsOptions['claims'] = [{ kind: 'mean-loss', arm: 'expansion', against: 'uniform' }, { kind: 'less-forgetting', arm: 'expansion', against: 'single', less: 0.3, gain: 0.85 }];

test('claims hold or do not, in plain words, in every form of the report', async () => {
  const { out, comparison } = await compare(runs, { target: 'law', specialist: 'single', claims: [...claims, { kind: 'less-forgetting', arm: 'expansion', against: 'single', less: 0.3, gain: 0.95 }] });
  expect(comparison.verdicts).toEqual([
    { claim: 'expansion is at least as good as uniform on the mean of all domains', holds: true, because: 'mean held-out loss 1.6333 against 1.7333; one seed, so it may be chance' },
    { claim: 'expansion has at least 30 % less forgetting of the other domains than single, at 85 % of its gain on law', holds: true, because: 'it keeps 90 % of the gain (45 % against 50 %) and forgets 5 % against 50 %, which is 90 % less; one seed, so it may be chance' },
    expect.objectContaining({ holds: false }),
  ]);
  expect(await readFile(join(out, 'comparison.md'), 'utf8')).toContain('- Does not hold: expansion has at least 30 % less forgetting');
  const page = await readFile(join(out, 'index.html'), 'utf8');
  expect(page).toContain('<b>holds</b>: expansion is at least as good as uniform');
  expect(page).toContain('<tr><th scope="row">expansion</th><td>last</td><td>53.3 %</td><td>23.3 %</td><td>23.3 %</td></tr>');
  expect([page.includes('Weights over the steps: expansion'), page.includes('Weights over the steps: uniform')]).toEqual([true, false]);
  expect(page).not.toMatch(/NaN|undefined/);
});

test.each([
  ['nothing is forgotten', { 'uniform-seed1-single': { law: 2, code: 1, other: 1 } }, 'single forgets nothing of the others'],
  ['nothing is gained', { 'uniform-seed1-single': { law: 4.4, code: 3, other: 1 } }, 'single gains nothing on law'],
])('where %s, a claim about it cannot be said', async (_name, changed, because) => {
  const { comparison } = await compare({ ...runs, ...changed }, { target: 'law', specialist: 'single', claims });
  expect(comparison.verdicts[1]).toMatchObject({ holds: null, because: expect.stringContaining(because) });
});

test('labels name their arm by the last part that is no seed', () => {
  expect(['uniform-seed1', 'uniform-seed1-single', 'seed3', 'dynamic'].map(armOf)).toEqual(['uniform', 'single', 'seed3', 'dynamic']);
});

test.each<[string, () => Promise<unknown>, string]>([
  ['other held-out rows', () => compare(runs, {}, { ...untuned, law: 4.1 }), 'begin with the same held-out losses'],
  ['an unknown target', () => compare(runs, { target: 'art' }), 'a target out of law, code, other'],
  ['a claim about no arm', () => compare(runs, { claims: [{ kind: 'mean-loss', arm: 'dynamic', against: 'uniform' }] }), 'an arm called dynamic'],
  ['no baseline', () => compare(runs, { baseline: 'constant' }), 'an arm called constant; got uniform, single, expansion'],
  ['a training without domains', async () => {
    await writeFile(join(folder.path, 'report.json'), JSON.stringify({ evaluations: [{ step: 2, loss: 1 }] }));
    return compareDomains({ reportFolders: [folder.path], labels: ['uniform'], baseline: 'uniform', claims: [] }, join(folder.path, 'out'));
  }, 'no evaluations by domain'],
])('%s cannot be compared', async (_name, comparing, message) => {
  await expect(comparing()).rejects.toMatchObject({ code: 'not-comparable', message: expect.stringContaining(message) });
});
