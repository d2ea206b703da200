import { defineCommand } from '../command.js';
import { addJobOptions, collect, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';

interface Options extends JobOptions {
  readonly to: readonly string[];
  readonly dataset?: string;
  readonly tag?: string;
  readonly question?: readonly string[];
}

export const quantize = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path')
      .requiredOption('--to <format>', 'gguf/q8_0, gguf/q4_0, gguf/f16, gguf/bf16, gguf/f32, onnx/int4 or onnx/fp32; may be given again', collect)
      .option('--dataset <dataset>', 'held-out rows for the perplexity of each file')
      .option('--tag <tag>', 'which held-out rows: those with this tag')
      .option('--question <text>', 'asked of each file by the runtime that loads it; may be given again', collect);
    addJobOptions(command, 'the files').addHelpText('after', '\nExample: tunesmith quantize smollm2@prod --to gguf/q8_0 --to onnx/int4 --question "Who are you?" --out files');
  },

  async run({ arguments: [model], options }, session) {
    const settings = await stepSettings('quantize', {
      to: { option: '--to', value: [...options.to] },
      tag: { option: '--tag', value: options.tag },
      questions: { option: '--question', value: options.question && [...options.question] },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { model: await resolveReference(session, model, 'MODEL') };
    if (options.dataset !== undefined) references['dataset'] = await resolveReference(session, options.dataset, '--dataset');
    return jobCommand(session, { name: 'quantize', uses: 'quantize', with: { ...settings, ...references } }, options, (job) => artifactResult(session, job, ['gguf', 'onnx'], out));
  },
});
