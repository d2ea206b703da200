import { defineCommand } from '../command.js';
import { addJobOptions, collectTexts, number, type JobOptions } from '../options.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { artifactResult } from '../runs/artifact-result.js';

interface Options extends JobOptions {
  readonly model: string;
  readonly maxNewTokens?: number;
  readonly placeholder?: Readonly<Record<string, string>>;
}

export const datasetSynthesize = defineCommand<[dataset: string], Options>({
  configure(command) {
    command
      .argument('<dataset>', 'a registered reference or a path; rows with "answerWith":"self" get an answer')
      .requiredOption('--model <model>', 'the model that answers')
      .option('--max-new-tokens <count>', 'longest answer', number)
      .option('--placeholder <NAME=VALUE>', 'the value of {{NAME}} in the rows; may be given again', collectTexts);
    addJobOptions(command, 'the completed dataset');
  },

  async run({ arguments: [dataset], options }, session) {
    const settings = await stepSettings('synthesize', {
      kind: { option: 'kind', value: 'self-replay' },
      maxNewTokens: { option: '--max-new-tokens', value: options.maxNewTokens },
      placeholders: { option: '--placeholder', value: options.placeholder },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references = { model: await resolveReference(session, options.model, '--model'), dataset: await resolveReference(session, dataset, 'DATASET') };
    return jobCommand(session, { name: 'synthesize', uses: 'synthesize', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['dataset'], out));
  },
});
