import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { parseWeights, readDetection } from '../domains/domain-weights.js';
import { UsageError } from '../errors.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand, type FinishedJob } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { formatCount, formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions {
  readonly weights?: string;
  readonly detection?: string;
  readonly domain?: readonly string[];
  readonly rows?: number;
  readonly tokens?: number;
  readonly model?: string;
  readonly replacement?: string;
  readonly seed?: number;
}

export const datasetCompose = defineCommand<[dataset: string], Options>({
  configure(command) {
    command
      .argument('<dataset>', 'a registered reference or a path; the tag of a row is its domain')
      .option('--weights <weights>', 'uniform, inverse, detected, or a weight for each domain: law=0.5,code=0.5 (default: "uniform")')
      .option('--detection <detection>', 'detected and inverse: what dataset detect found, its digest or its detection.json')
      .option('--domain <tag>', 'a domain that takes part; may be given again (default: those with a weight, else every tag)', collect)
      .option('--rows <count>', 'training rows in all: each domain gets floor(weight * rows)', number)
      .option('--tokens <count>', 'in place of --rows: tokens in all', number)
      .option('--model <model>', 'whose tokens --tokens counts')
      .addOption(new Option('--replacement <choice>', 'whether a row may come twice (default: "when-needed")').choices(['when-needed', 'always', 'never']))
      .option('--seed <number>', 'the same seed gives the same bytes (default: 1)', number);
    addJobOptions(command, 'the composed dataset').addHelpText(
      'after',
      '\nHeld-out rows of the domains stay as they are.\n\nExamples:\n  tunesmith dataset push domains/ --name six\n  tunesmith dataset compose six --weights detected --detection sha256:… --rows 60000\n  tunesmith dataset compose six --weights law=0.5,code=0.5 --tokens 200000 --model smollm2',
    );
  },

  async run({ arguments: [dataset], options }, session) {
    if ((options.rows === undefined) === (options.tokens === undefined)) throw new UsageError('expected either --rows or --tokens, the amount of all domains together', ['--rows 1000']);
    if ((options.tokens === undefined) !== (options.model === undefined)) throw new UsageError('--tokens and --model: expected both, since tokens are those of a model, or neither', ['--tokens 100000 --model smollm2']);
    const needsShares = options.weights === 'inverse' || options.weights === 'detected';
    if (needsShares !== (options.detection !== undefined)) {
      throw new UsageError(needsShares ? `--weights ${options.weights}: expected --detection, whose shares it goes by; got none` : '--detection: expected --weights detected or inverse, which read it', ['--weights detected --detection sha256:…']);
    }
    const settings = await stepSettings('compose', {
      weights: { option: '--weights', value: options.weights === undefined ? undefined : parseWeights('--weights', options.weights) },
      domains: { option: '--domain', value: options.domain === undefined ? undefined : [...options.domain] },
      rows: { option: '--rows', value: options.rows },
      tokens: { option: '--tokens', value: options.tokens },
      replacement: { option: '--replacement', value: options.replacement },
      seed: { option: '--seed', value: options.seed },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { ...(await readDetection(options.detection)), dataset: await resolveReference(session, dataset, 'DATASET') };
    if (options.model !== undefined) references['model'] = await resolveReference(session, options.model, '--model');
    return jobCommand(session, { name: 'compose', uses: 'compose', with: { ...settings, ...references } }, options, async (job) => {
      const artifact = outputOf(job, 'dataset');
      const path = await placeResult(session, artifact, out);
      return { document: { artifact: artifact.digest, path, metrics: job.step.metrics, run: job.run.id }, lines: [`dataset  ${artifact.digest}${path === null ? '' : `  ${path}`}`, ...describeComposition(job)] };
    });
  },
});

function describeComposition({ step: { metrics } }: FinishedJob): string[] {
  const domains = Object.entries((metrics['domains'] ?? {}) as Record<string, Record<string, number | boolean>>);
  const figure = (value: number | boolean | undefined): string => (typeof value === 'number' ? formatCount(value) : '');
  const rows = domains.map(([name, { weight, planned, rows: count, distinctRows, tokens, available, withReplacement }]) => [
    name, formatNumber(Number(weight)), figure(planned), figure(count), figure(distinctRows), figure(tokens), figure(available), withReplacement === true ? 'yes' : 'no',
  ]);
  const passedOver = (metrics['heldOutAlone'] ?? []) as readonly string[];
  const counts = table(['DOMAIN', 'WEIGHT', 'PLANNED', 'ROWS', 'DISTINCT', 'TOKENS', 'OF', 'TWICE'], rows, ['WEIGHT', 'PLANNED', 'ROWS', 'DISTINCT', 'TOKENS', 'OF']);
  return passedOver.length === 0 ? counts : [...counts, `  no training rows, so left out: ${passedOver.join(', ')}`];
}
