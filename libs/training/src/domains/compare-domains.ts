import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonText } from '@tunesmith/checkpoints';
import type { Evaluation } from '../evaluation.js';
import { TrainingError } from '../training-error.js';
import { comparisonPage } from './comparison-page.js';
import { comparisonText } from './comparison-text.js';
import { decideClaim, type DomainClaim, type DomainVerdict } from './domain-claims.js';
import type { EvaluatedDomains } from './domain-plot.js';

export interface CompareDomainsOptions {
  /** Of trainings with the same domains, held-out rows and model. */
  readonly reportFolders: readonly string[];
  /** One for each; the last part that is no seed names the arm: `uniform-seed2-dynamic` is of `dynamic`. */
  readonly labels: readonly string[];
  /** The arm that the others are held against. */
  readonly baseline: string;
  /** The domain that was to be learned best, and the arm that was tuned on it alone. */
  readonly target?: string;
  readonly specialist?: string;
  /** What is to be shown or refuted. */
  readonly claims: readonly DomainClaim[];
}

/** Over the seeds of an arm; the deviation is the sample's, absent with one seed. */
export interface Spread {
  readonly mean: number;
  readonly deviation?: number;
}

export interface ComparedArm {
  readonly name: string;
  readonly seeds: number;
  readonly tokens: Spread;
  /** Held-out losses at the end, in nats, and their change from the untuned model: -0.1 is a tenth less. */
  readonly loss: Readonly<Record<string, Spread>>;
  readonly change: Readonly<Record<string, Spread>>;
  readonly meanLoss: Spread;
  readonly meanChange: Spread;
  /** Of the target: how much less its loss is, as a part. Of the others: the mean of how much each is worse, those that got better counting as nothing. */
  readonly targetGain?: Spread;
  readonly forgetting?: Spread;
}

export interface DomainComparison {
  readonly domains: readonly string[];
  readonly untuned: Readonly<Record<string, number>>;
  readonly arms: readonly ComparedArm[];
  /** What the figures say of each arm beside the baseline, and of each beside the specialist, in a sentence each. */
  readonly findings: readonly string[];
  /** Whether each claim holds, in its order. */
  readonly verdicts: readonly DomainVerdict[];
}

/** What one training of an arm reports. */
export interface TrainingReport {
  readonly label: string;
  readonly evaluations: readonly EvaluatedDomains[];
  readonly first: Losses;
  readonly last: Losses;
  readonly tokens: number;
}

type Losses = Readonly<Record<string, number>>;

/**
 * Trainings on domains by weight beside one another, by the held-out losses that they report: arms over seeds. Writes `comparison.json`, `comparison.md` and
 * `index.html`, which has pictures of the losses and of the weights over the steps.
 *
 * @throws TrainingError `not-comparable`.
 */
export async function compareDomains({ reportFolders, labels, baseline, target, specialist, claims }: CompareDomainsOptions, outFolder: string): Promise<DomainComparison> {
  const reports = await Promise.all(reportFolders.map((folder, index) => readReport(folder, labels[index]!)));
  const domains = Object.keys(reports[0]!.first);
  for (const { label, first } of reports) {
    if (domains.some((domain) => first[domain] !== reports[0]!.first[domain]) || Object.keys(first).length !== domains.length) {
      throw new TrainingError('not-comparable', `compare-domains: expected trainings that begin with the same held-out losses of the same domains; ${label} begins with ${JSON.stringify(first)}, ${reports[0]!.label} with ${JSON.stringify(reports[0]!.first)}. Use one model, one dataset and the same held-out rows.`, { label });
    }
  }
  if (target !== undefined && !domains.includes(target)) throw new TrainingError('not-comparable', `compare-domains: expected a target out of ${domains.join(', ')}; got ${target}.`, { target });
  const byArm = Map.groupBy(reports, ({ label }) => armOf(label));
  for (const name of [baseline, ...(specialist === undefined ? [] : [specialist]), ...claims.flatMap(({ arm: claimed, against }) => [claimed, against])]) {
    if (!byArm.has(name)) throw new TrainingError('not-comparable', `compare-domains: expected an arm called ${name}; got ${[...byArm.keys()].join(', ')}.`, { name });
  }
  const arms = [...byArm].map(([name, runs]) => arm(name, runs, domains, target));
  const comparison: DomainComparison = { domains, untuned: reports[0]!.first, arms, findings: findings(arms, baseline, target, specialist), verdicts: claims.map((claim) => decideClaim(claim, arms, target)) };
  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, 'comparison.json'), jsonText(comparison));
  await writeFile(join(outFolder, 'comparison.md'), comparisonText(comparison));
  await writeFile(join(outFolder, 'index.html'), comparisonPage(comparison, byArm));
  return comparison;
}

/** The last part of a label that is no seed; a label of seeds alone is an arm of its own. */
export function armOf(label: string): string {
  return label.split('-').filter((part) => !/^seed\d+$/.test(part)).at(-1) ?? label;
}

async function readReport(folder: string, label: string): Promise<TrainingReport> {
  const { evaluations = [], tokensPerSecond = 0, seconds = 0 } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as { evaluations?: Evaluation[]; tokensPerSecond?: number; seconds?: number };
  const [first, last] = [evaluations[0], evaluations.at(-1)];
  if (!first?.domains || !last?.domains || first.step !== 0) throw new TrainingError('not-comparable', `compare-domains: expected reports of trainings on domains by weight; that of ${label} has no evaluations by domain.`, { label });
  const losses = (domains: NonNullable<Evaluation['domains']>): Losses => Object.fromEntries(Object.entries(domains).map(([name, { loss }]) => [name, loss]));
  return { label, evaluations: evaluations.flatMap(({ step, domains }) => (domains ? [{ step, domains }] : [])), first: losses(first.domains), last: losses(last.domains), tokens: Math.round(tokensPerSecond * seconds) };
}

function arm(name: string, runs: readonly TrainingReport[], domains: readonly string[], target: string | undefined): ComparedArm {
  const over = (of: (run: TrainingReport) => number): Spread => spreadOf(runs.map(of));
  const byDomain = (of: (run: TrainingReport, domain: string) => number): Record<string, Spread> => Object.fromEntries(domains.map((domain) => [domain, over((run) => of(run, domain))]));
  const change = ({ first, last }: TrainingReport, domain: string): number => last[domain]! / first[domain]! - 1;
  const others = domains.filter((domain) => domain !== target);
  return {
    name, seeds: runs.length, tokens: over(({ tokens }) => tokens), loss: byDomain(({ last }, domain) => last[domain]!), change: byDomain(change),
    meanLoss: over(({ last }) => mean(domains.map((domain) => last[domain]!))), meanChange: over((run) => mean(domains.map((domain) => change(run, domain)))),
    ...(target === undefined ? {} : { targetGain: over((run) => -change(run, target)), forgetting: over((run) => mean(others.map((domain) => Math.max(change(run, domain), 0)))) }),
  };
}

/** Plain sentences: no word of better or worse that the figures do not carry. */
function findings(arms: readonly ComparedArm[], baseline: string, target: string | undefined, specialist: string | undefined): string[] {
  const base = arms.find(({ name }) => name === baseline)!;
  const beside = arms.filter((each) => each !== base).map(({ name, meanLoss }) => {
    const apart = meanLoss.mean - base.meanLoss.mean;
    return `${name}: mean loss ${meanLoss.mean.toFixed(4)}, ${Math.abs(apart).toFixed(4)} ${apart <= 0 ? 'below' : 'above'} ${baseline} (${base.meanLoss.mean.toFixed(4)})`;
  });
  const single = arms.find(({ name }) => name === specialist);
  if (target === undefined || !single) return beside;
  const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
  const trade = arms.filter((each) => each !== single).map(({ name, targetGain, forgetting }) => {
    const kept = single.targetGain!.mean > 0 ? `${percent(targetGain!.mean / single.targetGain!.mean)} of the gain of ${single.name} on ${target}` : `a gain of ${percent(targetGain!.mean)} on ${target}, where ${single.name} has none`;
    const less = single.forgetting!.mean > 0 ? `${percent(1 - forgetting!.mean / single.forgetting!.mean)} less forgetting of the others` : `forgetting of ${percent(forgetting!.mean)} of the others, where ${single.name} forgets nothing`;
    return `${name}: ${kept}, with ${less}`;
  });
  return [...beside, ...trade];
}

function spreadOf(values: readonly number[]): Spread {
  const middle = mean(values);
  return values.length < 2 ? { mean: middle } : { mean: middle, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
