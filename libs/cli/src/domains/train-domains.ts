import { Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import { collect, number } from '../options.js';
import { isPath, resolveReference } from '../runs/references.js';
import type { Setting, StepSettings } from '../runs/step-settings.js';
import type { Session } from '../session.js';
import { chosenSettings, flagsBySetting } from '../train/chosen-options.js';
import { domainChoices } from './domain-choices.js';
import { parseFigures, parseWeights, readDetection } from './domain-weights.js';

/** Options of a training on domains by weight. */
export interface DomainCommandOptions {
  readonly domain?: readonly string[];
  readonly domainWeights?: string;
  readonly detection?: string;
  readonly domainSchedule?: string;
  readonly targetDomain?: string;
  readonly update?: string;
  readonly sigma?: number;
  readonly score?: string;
  readonly roundTokens?: number;
  readonly heldOutRows?: number;
  readonly referenceLoss?: string;
  readonly referenceModel?: string;
  readonly referenceReport?: readonly string[];
  readonly evaluateEvery?: number;
}

export function addDomainOptions(command: Command): void {
  const choice = (flags: string, description: string, choices: readonly string[]): Option => new Option(flags, description).choices(choices);
  command
    .optionsGroup('Domains by weight (the tag of a row is its domain):')
    .option('--domain-weights <weights>', 'of the first round: uniform, inverse, detected, or law=0.5,code=0.5; each round is --evaluate-every steps')
    .option('--domain <tag>', 'a domain that takes part; may be given again (default: those with a weight, else every tag)', collect)
    .option('--detection <detection>', 'detected and inverse: what dataset detect found, its digest or its detection.json')
    .addOption(choice('--domain-schedule <schedule>', 'what becomes of the weights at every evaluation (default: "fixed")', Object.keys(domainChoices.choices)))
    .option('--target-domain <tag>', 'expansion: the domain that grows')
    .addOption(choice('--update <form>', 'fostering, expansion: P (1 + sigma gamma), or P exp(score) as in the released code (default: "multiplicative")', ['multiplicative', 'exponential']))
    .option('--sigma <number>', 'multiplicative: how strongly the learnable potential counts (default: 0.5, unconfirmed)', number)
    .addOption(choice('--score <score>', 'exponential: (l - l_ref) / l, l - l_ref, or l (default: "ratio")', ['ratio', 'difference', 'loss']))
    .option('--delta <number>', "expansion: what the target's share grows by (default: 0.1, unconfirmed)", number)
    .option('--epsilon <number>', "expansion: it grows while the others' mean forgetting is below epsilon times its potential (default: 1, unconfirmed)", number)
    .addOption(choice('--hold <rule>', 'expansion: its share where it does not grow, as it was or as the update has it (default: "keep", unconfirmed)', ['keep', 'reweighted']))
    .option('--limit <share>', 'expansion: the most that the target may get (default: 0.95)', number)
    .option('--round-tokens <count>', 'tokens of a round (default: as many rows as its steps hold)', number)
    .option('--held-out-rows <count>', 'held-out rows of a domain that an evaluation uses at most (default: all)', number)
    .option('--reference-loss <losses>', 'what held-out losses could come down to: law=1.2,code=0.9 (needed by expansion and by fostering, multiplicative; default of the exponential update: those of the untuned model)')
    .option('--reference-model <model>', 'in place of --reference-loss: a model of the same vocabulary, whose losses they are')
    .option('--reference-report <report>', 'in place of --reference-loss: the report of a training with the same domains; may be given again', collect);
}

/** The setting `domains` of the step, undefined where no option of it was given. */
export async function domainSetting(options: DomainCommandOptions): Promise<Setting> {
  const schedule = chosenSettings(domainChoices, options.domainSchedule, { ...options }, 'fixed');
  const settings: Record<string, unknown> = {
    names: options.domain === undefined ? undefined : [...options.domain],
    weights: options.domainWeights === undefined ? undefined : parseWeights('--domain-weights', options.domainWeights),
    schedule, roundTokens: options.roundTokens, heldOutRows: options.heldOutRows,
    referenceLosses: options.referenceLoss === undefined ? undefined : parseFigures('--reference-loss', options.referenceLoss, 'law=1.2,code=0.9'),
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as StepSettings;
  await expectDomains(options, Object.keys(given).length > 0);
  const scheduleFlags = Object.fromEntries(Object.entries(flagsBySetting(domainChoices, options.domainSchedule, 'fixed')).map(([key, flag]) => [`schedule.${key}`, flag]));
  return {
    option: '--domain-weights',
    options: { names: '--domain', weights: '--domain-weights', schedule: '--domain-schedule', roundTokens: '--round-tokens', heldOutRows: '--held-out-rows', referenceLosses: '--reference-loss', ...scheduleFlags },
    value: options.domainWeights === undefined ? undefined : given,
  };
}

/** What belongs to `--domain-weights`, and what that needs. */
async function expectDomains({ domainWeights, detection, referenceLoss, referenceModel, referenceReport, domainSchedule, targetDomain, update = 'multiplicative', sigma, score, evaluateEvery }: DomainCommandOptions, hasSettings: boolean): Promise<void> {
  if (domainWeights === undefined) {
    if (hasSettings || detection !== undefined || referenceModel !== undefined || referenceReport !== undefined) throw new UsageError('expected --domain-weights beside options of domains; got none', ['--domain-weights uniform']);
    return;
  }
  if (evaluateEvery === undefined) throw new UsageError('--domain-weights: expected --evaluate-every, the steps of a round; got none', ['--evaluate-every 50']);
  const needsShares = domainWeights === 'inverse' || domainWeights === 'detected';
  if (needsShares !== (detection !== undefined)) throw new UsageError(needsShares ? `--domain-weights ${domainWeights}: expected --detection, whose shares it goes by; got none` : '--detection: expected --domain-weights detected or inverse, which read it', ['--domain-weights detected --detection sha256:…']);
  if (domainSchedule === 'expansion' && targetDomain === undefined) throw new UsageError('--domain-schedule expansion: expected --target-domain; got none', ['--target-domain law']);
  const references = [referenceLoss, referenceModel, referenceReport].filter((each) => each !== undefined).length;
  if (sigma !== undefined && update !== 'multiplicative') throw new UsageError('--sigma: expected --update multiplicative, which it belongs to; got exponential');
  if (score !== undefined && update !== 'exponential') throw new UsageError('--score: expected --update exponential, which it belongs to', ['--update exponential']);
  const { needsReferences } = await import('@tunesmith/contracts');
  if (references === 0 && domainSchedule !== undefined && needsReferences({ kind: domainSchedule, update })) {
    throw new UsageError(`--domain-schedule ${domainSchedule}: expected what held-out losses could come down to; against those of the untuned model a domain that learns has no potential left, so no weight would answer to it`, [
      '--reference-report sha256:…, the report of a training with --domain-weights uniform', '--reference-loss law=1.2,code=0.9', ...(domainSchedule === 'fostering' ? ['--update exponential, which goes by losses alone'] : []),
    ]);
  }
  if (references > 1) throw new UsageError('--reference-loss, --reference-model, --reference-report: expected one of the three');
}

/** What the options refer to. */
export async function domainReferences(session: Session, { detection, referenceModel, referenceReport }: DomainCommandOptions): Promise<{ settings: StepSettings; shares?: StepSettings[string] }> {
  const { shares, ...found } = await readDetection(detection);
  const path = referenceReport?.find(isPath);
  if (path !== undefined) throw new UsageError(`--reference-report: expected the digest of a report (sha256:…), which a training prints; got ${path}`);
  const settings: StepSettings = {
    ...found, ...(referenceModel === undefined ? {} : { referenceModel: await resolveReference(session, referenceModel, '--reference-model') }), ...(referenceReport === undefined ? {} : { referenceReports: [...referenceReport] }),
  };
  return { settings, ...(shares === undefined ? {} : { shares }) };
}
