import { defineCommand } from '../command.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';

interface Options extends JobOptions {
  readonly rank?: number;
  readonly energy?: number;
  readonly targetModule?: readonly string[];
}

export const adapterExtract = defineCommand<[base: string, model: string], Options>({
  configure(command) {
    command
      .argument('<base>', 'what the model was tuned from: a registered reference or a path')
      .argument('<model>', 'the tuned model')
      .option('--rank <n>', 'the largest rank of a module (default: 16)', number)
      .option('--energy <share>', 'modules that hold this share of their change with a lower rank get that', number)
      .option('--target-module <name>', 'the last part of a module name, such as q_proj; may be given again (default: all linear layers)', collect);
    addJobOptions(command, 'the adapter').addHelpText('after', '\nExample: tunesmith adapter extract smollm2:1 smollm2:2 --rank 32 --energy 0.95 --out adapter');
  },

  async run({ arguments: [base, model], options }, session) {
    const settings = await stepSettings('extract-adapter', {
      rank: { option: '--rank', value: options.rank },
      energy: { option: '--energy', value: options.energy },
      targetModules: { option: '--target-module', value: options.targetModule && [...options.targetModule] },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references = { base: await resolveReference(session, base, 'BASE'), model: await resolveReference(session, model, 'MODEL') };
    return jobCommand(session, { name: 'extract-adapter', uses: 'extract-adapter', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['adapter'], out));
  },
});
