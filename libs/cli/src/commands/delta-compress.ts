import { InvalidArgumentError } from 'commander';
import { defineCommand } from '../command.js';
import { addJobOptions, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';

interface Options extends JobOptions {
  readonly bitsPerWeight?: number;
  readonly group?: readonly { rank: number | null; bits: number }[];
  readonly dataset?: string;
  readonly perplexity?: boolean;
}

/** RANK:BITS, or rest:BITS. */
function group(text: string, before: Options['group']): Options['group'] {
  const [, rank, bits] = /^(\d+|rest):(\d+)$/.exec(text) ?? [];
  if (rank === undefined) throw new InvalidArgumentError('Expected RANK:BITS, such as 32:3 or rest:2.');
  return [...(before ?? []), { rank: rank === 'rest' ? null : Number(rank), bits: Number(bits) }];
}

export const deltaCompress = defineCommand<[base: string, model: string], Options>({
  configure(command) {
    command
      .argument('<base>', 'what the model was tuned from: a registered reference or a path')
      .argument('<model>', 'the tuned model')
      .option('--bits-per-weight <n>', 'bits for each weight of a matrix, scales included (default: 1)', number)
      .option('--group <RANK:BITS>', 'so many singular vectors in so many bits, the largest first; may be given again (default: 2:8 32:3 rest:2)', group)
      .option('--dataset <dataset>', 'rows for the perplexity of the restored model beside the tuned one and the base')
      .option('--no-perplexity', 'do not compare them');
    addJobOptions(command, 'the delta').addHelpText('after', '\nExample: tunesmith delta compress smollm2:1 smollm2:2 --bits-per-weight 1 --out delta');
  },

  async run({ arguments: [base, model], options }, session) {
    const settings = await stepSettings('compress-delta', {
      bitsPerWeight: { option: '--bits-per-weight', value: options.bitsPerWeight },
      groups: { option: '--group', value: options.group && [...options.group] },
      perplexity: { option: '--no-perplexity', value: options.perplexity === false ? false : undefined },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { base: await resolveReference(session, base, 'BASE'), model: await resolveReference(session, model, 'MODEL') };
    if (options.dataset !== undefined) references['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    return jobCommand(session, { name: 'compress-delta', uses: 'compress-delta', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['delta'], out));
  },
});
