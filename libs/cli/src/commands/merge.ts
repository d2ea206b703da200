import { defineCommand } from '../command.js';
import { addJobOptions, collectPairs, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { UsageError } from '../errors.js';

interface Options extends JobOptions {
  readonly adapter?: string;
  readonly method?: string;
  readonly parameter?: StepSettings;
}

export const merge = defineCommand<[base: string, models: readonly string[]], Options>({
  configure(command) {
    command
      .argument('<base>', 'the model to start from: a registered reference or a path')
      .argument('[models...]', 'further models')
      .option('--adapter <adapter>', 'fold this LoRA adapter into the base: sha256:… or a path')
      .option('--method <method>', 'lora-fold, linear, slerp, … (default: "lora-fold" with an adapter)')
      .option('--parameter <NAME=VALUE>', 'a setting of the method; may be given again', collectPairs);
    addJobOptions(command, 'the merged model').addHelpText('after', '\nExamples:\n  tunesmith merge smollm2@prod --adapter sha256:…\n  tunesmith merge smollm2:1 smollm2:2 --method slerp --parameter t=0.5');
  },

  async run({ arguments: [base, models], options }, session) {
    if (options.adapter === undefined && models.length === 0) {
      throw new UsageError('merge: expected an adapter or further models; got the base alone', [`tunesmith merge ${base} --adapter sha256:…`, `tunesmith merge ${base} MODEL --method slerp`]);
    }
    if (options.adapter === undefined && options.method === undefined) throw new UsageError('--method: expected the name of a method, such as linear or slerp; got none', [`tunesmith merge ${[base, ...models].join(' ')} --method slerp`]);
    const settings = await stepSettings('merge', { method: { option: '--method', value: options.method }, parameters: { option: '--parameter', value: options.parameter } });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { base: await resolveReference(session, base, 'BASE') };
    if (options.adapter !== undefined) references['adapter'] = await resolveReference(session, options.adapter, '--adapter');
    const others: string[] = [];
    for (const model of models) others.push(await resolveReference(session, model, 'MODELS'));
    if (others.length > 0) references['models'] = others;
    return jobCommand(session, { name: 'merge', uses: 'merge', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['model'], out));
  },
});
