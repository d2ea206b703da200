import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { addJobOptions, collect, flagOf, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { addAddressOptions, addressKeys, addressSetting, isAddress } from '../runs/teacher-settings.js';
import type { AddressOptions } from '../runs/teacher-settings.js';
import { jobCommand, type FinishedJob } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions, AddressOptions {
  readonly judge: string;
  readonly judgeModel?: string;
  readonly keyVariable?: string;
  readonly domain?: readonly string[];
  readonly examples?: string;
  readonly examplesOfDomain?: number;
  readonly checkJudge?: string;
  readonly rounds?: number;
  readonly samples?: number;
  readonly aggregate?: string;
  readonly start?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly maxNewTokens?: number;
  readonly judgeTokens?: number;
  readonly seed?: number;
  readonly dtype?: string;
}

export const datasetDetect = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path: the model whose knowledge is looked at')
      .optionsGroup('Judge:')
      .requiredOption('--judge <judge>', 'a registered reference or a path of a model that judges by the likelihood of labels, or the address of an OpenAI-compatible server, which is asked')
      .option('--judge-model <name>', 'address: what the server calls the model')
      .option('--key-variable <name>', "address: the platform's environment variable that holds the key");
    addAddressOptions(command)
      .option('--domain <NAME[=WORD,…]>', 'a domain and the words that stand for it; may be given again (default: law, medicine, finance, science, code, other)', collect)
      .option('--examples <dataset>', 'rows tagged with the domains: the calibration of the judge is learned from some training rows (default: texts of our own for the six domains, else texts that say nothing)')
      .option('--examples-of-domain <count>', 'how many of each (default: 16)', number)
      .option('--check-judge <dataset>', 'rows tagged with the domains: print how often the judge is right on the held-out ones')
      .option('--judge-tokens <count>', 'what the judge reads of a text (default: 96)', number)
      .optionsGroup('Samples:')
      .option('--rounds <count>', 'rounds of samples (default: 5)', number)
      .option('--samples <count>', 'samples of a round (default: 40)', number)
      .addOption(new Option('--start <token>', 'what a sample follows: the token that begins a text, or that ends one (default: "bos")').choices(['bos', 'eos']))
      .option('--temperature <number>', 'of the draws (default: 1)', number)
      .option('--top-p <number>', 'draw from the likeliest tokens that hold this much (default: 1)', number)
      .option('--repetition-penalty <number>', 'makes what stands there already less likely; 1 for none (default: 1.1)', number)
      .option('--max-new-tokens <count>', 'longest sample (default: 128)', number)
      .option('--seed <number>', 'the same seed gives the same samples (default: 1)', number)
      .addOption(new Option('--dtype <dtype>', 'what weights are computed in (default: "bfloat16")').choices(['bfloat16', 'float32']))
      .addOption(new Option('--aggregate <rule>', "shares as the mean of the judge's probabilities, or as counts of its labels (default: \"mean-probability\")").choices(['mean-probability', 'hard-label']));
    addJobOptions(command, 'detection.json, detection.svg and the samples').addHelpText(
      'after',
      '\nExamples:\n  tunesmith dataset detect smollm2 --judge qwen --examples six --check-judge six\n  tunesmith dataset detect smollm2 --judge https://api.openai.com/v1 --judge-model gpt-4o-mini --key-variable OPENAI_API_KEY\n  tunesmith dataset detect smollm2 --judge qwen --domain law=law,court --domain verse=verse,poem',
    );
  },

  async run({ arguments: [model], options }, session) {
    const isElsewhere = isAddress(options.judge);
    const ofAddress = (['judgeModel', 'keyVariable', ...addressKeys] as const).filter((key) => options[key] !== undefined);
    if (isElsewhere && options.judgeModel === undefined) throw new UsageError('--judge-model: expected what the server calls the model; got none', ['--judge-model gpt-4o-mini']);
    if (!isElsewhere && ofAddress.length > 0) throw new UsageError(`${ofAddress.map(flagOf).join(', ')}: expected an address as --judge; got ${options.judge}`, ['--judge https://api.openai.com/v1']);
    if (options.spendingCap !== undefined && options.prices === undefined) throw new UsageError('--spending-cap: expected --prices, which say what a verdict costs', ['--prices 0.15:0.6']);
    if (isElsewhere && options.examples !== undefined) throw new UsageError('--examples: expected a model as --judge, whose calibration is learned from them; got an address');
    if (options.examplesOfDomain !== undefined && options.examples === undefined) throw new UsageError('--examples-of-domain: expected --examples beside it; got none');
    const settings = await stepSettings('detect', {
      ...(isElsewhere && { judgeAddress: addressSetting('--judge', options.judge, options.judgeModel, options.keyVariable, options, { keyVariable: '--key-variable' }) }),
      domains: { option: '--domain', value: options.domain && parseDomains(options.domain) },
      examplesOfDomain: { option: '--examples-of-domain', value: options.examplesOfDomain },
      rounds: { option: '--rounds', value: options.rounds },
      samples: { option: '--samples', value: options.samples },
      aggregate: { option: '--aggregate', value: options.aggregate },
      start: { option: '--start', value: options.start },
      temperature: { option: '--temperature', value: options.temperature },
      topP: { option: '--top-p', value: options.topP },
      repetitionPenalty: { option: '--repetition-penalty', value: options.repetitionPenalty },
      maxNewTokens: { option: '--max-new-tokens', value: options.maxNewTokens },
      judgeTokens: { option: '--judge-tokens', value: options.judgeTokens },
      seed: { option: '--seed', value: options.seed },
      dtype: { option: '--dtype', value: options.dtype },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { model: await resolveReference(session, model, 'MODEL') };
    if (!isElsewhere) references['judge'] = await resolveReference(session, options.judge, '--judge');
    if (options.examples !== undefined) references['examples'] = await resolveReference(session, options.examples, '--examples');
    if (options.checkJudge !== undefined) references['check'] = await resolveReference(session, options.checkJudge, '--check-judge');
    return jobCommand(session, { name: 'detect', uses: 'detect', with: { ...settings, ...references } }, options, async (job) => {
      const artifact = outputOf(job, 'detection');
      const path = await placeResult(session, artifact, out);
      return {
        document: { artifact: artifact.digest, path, metrics: job.step.metrics, run: job.run.id },
        lines: [`detection  ${artifact.digest}${path === null ? '' : `  ${path}`}`, ...describeDetection(job), `compose by it: tunesmith dataset compose DATASET --weights detected --detection ${artifact.digest} --rows COUNT`],
      };
    });
  },
});

/** `law=law,court`, or a name that stands for itself. */
function parseDomains(texts: readonly string[]): Record<string, string[]> {
  const domains: Record<string, string[]> = {};
  for (const text of texts) {
    const [name = '', words = name] = text.split('=', 2);
    if (name.trim() === '' || name in domains) throw new UsageError(`--domain: expected NAME or NAME=WORD,WORD, each name once; got "${text}"`, ['--domain law=law,court']);
    domains[name] = words.split(',').map((word) => word.trim());
  }
  return domains;
}

function describeDetection({ step: { metrics } }: FinishedJob): string[] {
  const shares = Object.entries((metrics['shares'] ?? {}) as Record<string, number>);
  const intervals = (metrics['intervals'] ?? {}) as Record<string, { low: number; high: number }>;
  const check = metrics['check'] as { accuracy: number; balancedAccuracy: number; texts: number } | undefined;
  const percent = (share: number | undefined): string => (share === undefined ? '' : `${(share * 100).toFixed(1)} %`);
  return [
    ...table(['DOMAIN', 'SHARE', 'FROM', 'TO'], shares.map(([domain, share]) => [domain, percent(share), percent(intervals[domain]?.low), percent(intervals[domain]?.high)]), ['SHARE', 'FROM', 'TO']),
    `  ${formatNumber(Number(metrics['samples']))} samples, ${formatNumber(Number(metrics['empty']))} empty, ${formatNumber(Number(metrics['discarded']))} without a verdict`,
    ...(check ? [`  the judge is right on ${percent(check.accuracy)} of ${formatNumber(check.texts)} held-out rows (mean over domains: ${percent(check.balancedAccuracy)})`] : []),
  ];
}
