import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectRows, detectionFile, domainOf, permutation, type Row, type Split } from '@tunesmith/datasets';
import { loadForInference, openAddressTeacher, type TeacherAddress } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';
import { openAskedJudge } from './asked-judge.js';
import { detectionPlot } from './detection-plot.js';
import { likeliest, type DomainJudge, type Verdict } from './domain-judge.js';
import { checkLabels, type DomainLabels } from './domain-labels.js';
import { judgeAccuracy, type JudgeAccuracy } from './judge-accuracy.js';
import { ownExamplesOf } from './own-examples.js';
import { openLabelJudge, type LabelledText } from './label-judge.js';
import { sampleModel, type ModelSampling } from './sample-model.js';
import { meanShares, shareIntervals, type ShareInterval } from './share-intervals.js';

export interface DetectOptions extends ModelSampling {
  readonly modelFolder: string;
  readonly domains: DomainLabels;
  readonly judge: JudgeSource;
  /** `mean-probability` as in the paper, `hard-label` as in the released code. */
  readonly aggregate: 'mean-probability' | 'hard-label';
  readonly rounds: number;
  /** Samples of a round. */
  readonly samples: number;
  /** Of a text what the judge reads. */
  readonly judgeTokens: number;
  /** A dataset with tags: its training rows calibrate the judge, so many of each domain. Absent: texts of our own where the domains are the six of VersaTune, else texts that say nothing. */
  readonly examplesFolder?: string;
  readonly examplesOfDomain: number;
  /** A dataset with tags: its held-out rows say how often the judge is right. */
  readonly checkFolder?: string;
  readonly dtype: 'bfloat16' | 'float32';
}

/** Who judges: a model, by the likelihood of labels, or one behind an address, which is asked. */
export type JudgeSource = { readonly kind: 'model'; readonly folder: string } | { readonly kind: 'address'; readonly address: TeacherAddress };

/** What `detection.json` says. */
export interface Detection {
  /** By domain; they sum to one. */
  readonly shares: Readonly<Record<string, number>>;
  /** 95 % bootstrap intervals over the samples. */
  readonly intervals: Readonly<Record<string, ShareInterval>>;
  /** The shares of each round. */
  readonly rounds: readonly Readonly<Record<string, number>>[];
  readonly aggregate: DetectOptions['aggregate'];
  readonly samples: number;
  /** Samples without text, and those that the judge gave no answer for. */
  readonly empty: number;
  readonly discarded: number;
  readonly judge: { readonly kind: JudgeSource['kind']; readonly calibration: Readonly<Record<string, unknown>>; readonly check?: JudgeAccuracy };
  readonly sampling: ModelSampling;
}

/**
 * Which domains a model knows, by what it says when it is asked nothing (VersaTune, arXiv 2411.11266): samples from its start token, each judged, the
 * verdicts averaged over all samples of several rounds. Writes `detection.json`, `detection.svg` and `samples.jsonl`. One model is in memory at a time.
 *
 * @throws EvaluationError `nothing-judged`, `domains-invalid`, `labels-alike`, `judge-constant`, `judge-silent`, `no-start-token`, `nothing-to-check`.
 */
export async function detectDomains(options: DetectOptions, outFolder: string, context: WorkContext): Promise<Detection> {
  const { rounds, samples, aggregate, examplesFolder, checkFolder } = options;
  const domains = Object.keys(checkLabels(options.domains));
  const examples = examplesFolder === undefined ? ownExamplesOf(options.domains) : balanced(await labelledTexts(examplesFolder, 'train', domains, context), domains, options.examplesOfDomain);
  const checked = checkFolder === undefined ? undefined : await labelledTexts(checkFolder, 'validation', domains, context);
  const sampling: ModelSampling = { start: options.start, temperature: options.temperature, topP: options.topP, repetitionPenalty: options.repetitionPenalty, maxNewTokens: options.maxNewTokens, seed: options.seed };
  const texts = await sampled(options, sampling, context);
  const spoken = texts.flatMap((text, index) => (text.trim() === '' ? [] : [index]));

  const { verdicts, calibration, check } = await judged(options, examples, checked, spoken.map((index) => texts[index]!), context);
  const counted = verdicts.map((verdict) => verdict && (aggregate === 'hard-label' ? oneHot(verdict) : verdict));
  const found = counted.flatMap((verdict, place) => (verdict ? [{ verdict, round: Math.floor(spoken[place]! / samples) }] : []));
  if (found.length === 0) {
    throw new EvaluationError({ message: `Expected samples that can be judged; of ${texts.length}, ${texts.length - spoken.length} were empty and the judge answered for none of the others. Try start eos, or another judge.`, code: 'nothing-judged', facts: { samples: texts.length, empty: texts.length - spoken.length } });
  }
  const named = <Value>(values: readonly Value[]): Record<string, Value> => Object.fromEntries(domains.map((domain, place) => [domain, values[place]!]));
  const all = found.map(({ verdict }) => verdict);
  const shares = meanShares(all, domains.length);
  const intervals = shareIntervals(all, domains.length, options.seed);
  const byRound = Array.from({ length: rounds }, (_, round) => found.filter((each) => each.round === round).map(({ verdict }) => verdict)).filter((of) => of.length > 0).map((of) => meanShares(of, domains.length));
  const detection: Detection = {
    shares: named(shares), intervals: named(intervals), rounds: byRound.map(named), aggregate, samples: texts.length, empty: texts.length - spoken.length, discarded: spoken.length - found.length,
    judge: { kind: options.judge.kind, calibration, ...(check && { check }) }, sampling,
  };
  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, detectionFile), `${JSON.stringify(detection, null, 2)}\n`);
  await writeFile(join(outFolder, 'detection.svg'), detectionPlot(`Domains in ${found.length} samples`, domains.map((domain, place) => ({ domain, share: shares[place]!, interval: intervals[place]!, rounds: byRound.map((of) => of[place]!) }))));
  const verdictOf = new Map(spoken.map((index, place) => [index, verdicts[place]]));
  await writeFile(join(outFolder, 'samples.jsonl'), texts.map((text, index) => `${JSON.stringify({ round: Math.floor(index / samples), text, probabilities: verdictOf.get(index) ? named(verdictOf.get(index)!) : null })}\n`).join(''));
  return detection;
}

async function sampled({ modelFolder, dtype, rounds, samples }: DetectOptions, sampling: ModelSampling, context: WorkContext): Promise<string[]> {
  using loaded = await loadForInference(modelFolder, { dtype });
  return await sampleModel(loaded, rounds * samples, sampling, { ...context, onProgress: (progress) => context.onProgress({ ...progress, phase: 'sample' }) });
}

interface Judged {
  readonly verdicts: readonly Verdict[];
  readonly calibration: DomainJudge['calibration'];
  readonly check?: JudgeAccuracy;
}

/** Of a text an asked judge is shown about as much as a model reads. */
const charactersOfToken = 4;

async function judged({ judge: source, domains, judgeTokens, examplesFolder, dtype, seed }: DetectOptions, examples: readonly LabelledText[], checked: readonly LabelledText[] | undefined, texts: readonly string[], context: WorkContext): Promise<Judged> {
  const ask = async (judge: DomainJudge): Promise<Judged> => {
    const check = checked && (await judgeAccuracy(judge, checked, Object.keys(domains), { ...context, onProgress: (progress) => context.onProgress({ ...progress, phase: 'check the judge' }) }));
    return { verdicts: await judge.judge(texts, context), calibration: judge.calibration, ...(check && { check }) };
  };
  if (source.kind === 'address') {
    await using teacher = openAddressTeacher(source.address);
    return await ask(await openAskedJudge(teacher, domains, { textCharacters: judgeTokens * charactersOfToken, seed }, context));
  }
  using loaded = await loadForInference(source.folder, { dtype });
  return await ask(await openLabelJudge(loaded, domains, { textTokens: judgeTokens, examples, own: examplesFolder === undefined && examples.length > 0 }, context));
}

/** Rows whose tag is a domain, as texts. */
async function labelledTexts(folder: string, split: Split, domains: readonly string[], context: WorkContext): Promise<LabelledText[]> {
  const rows = await collectRows(folder, { split, signal: context.signal });
  const texts = rows.flatMap((row, index) => {
    const domain = domainOf(row, domains, index);
    return domain === undefined ? [] : [{ domain, text: textOf(row) }];
  });
  if (texts.length > 0) return texts;
  throw new EvaluationError({ message: `Expected ${split} rows tagged with the domains ${domains.join(', ')}; the dataset has none.`, code: 'nothing-to-check', facts: { domains, split } });
}

function textOf({ text, messages }: Row): string {
  return text ?? messages.map(({ content }) => content).join('\n');
}

/** The same ones every time, so many of each domain. */
function balanced(texts: readonly LabelledText[], domains: readonly string[], most: number): LabelledText[] {
  return domains.flatMap((domain) => {
    const own = texts.filter((text) => text.domain === domain);
    return permutation(own.length, 0, 0).slice(0, most).map((place) => own[place]!);
  });
}

function oneHot(verdict: readonly number[]): number[] {
  const best = likeliest(verdict);
  return verdict.map((_, place) => (place === best ? 1 : 0));
}
