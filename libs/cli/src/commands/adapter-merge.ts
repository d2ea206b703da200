import { defineCommand } from '../command.js';
import { addJobOptions, collectPairs, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';

interface Options extends JobOptions {
  readonly combination?: string;
  readonly method?: string;
  readonly parameter?: StepSettings;
  readonly rank?: number;
  readonly seed?: number;
}

export const adapterMerge = defineCommand<[adapters: readonly string[]], Options>({
  configure(command) {
    command
      .argument('<adapters...>', 'LoRA adapters of one base: registered references or PEFT folders')
      .option('--combination <how>', 'stack, factors or updates: side by side (the default), matrix by matrix, or the products cut back to a rank')
      .option('--method <method>', 'a merge method for any number of models, such as ties or dare_linear (default: the weighted sum)')
      .option('--parameter <NAME=VALUE>', 'a setting of the method; [a, b] is one for each adapter; may be given again', collectPairs)
      .option('--rank <n>', 'of updates', number)
      .option('--seed <n>', 'where the random numbers of random methods start', number);
    addJobOptions(command, 'the adapter').addHelpText('after', "\nExample: tunesmith adapter merge one two --combination updates --method ties --parameter density=0.5 --parameter 'weight=[1, 0.5]'");
  },

  async run({ arguments: [adapters], options }, session) {
    const settings = await stepSettings('merge-adapters', {
      combination: { option: '--combination', value: options.combination },
      method: { option: '--method', value: options.method },
      parameters: { option: '--parameter', value: options.parameter },
      rank: { option: '--rank', value: options.rank },
      seed: { option: '--seed', value: options.seed },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: string[] = [];
    for (const adapter of adapters) references.push(await resolveReference(session, adapter, 'ADAPTERS'));
    return jobCommand(session, { name: 'merge-adapters', uses: 'merge-adapters', with: { ...settings, adapters: references } }, options, (job) => artifactResult(session, job, ['adapter'], out));
  },
});
