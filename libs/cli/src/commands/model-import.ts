import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { formatBytes, shortDigest } from '../terminal/format.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { providePath } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { remarksOf } from '../runs/remarks-of.js';
import { stepSettings } from '../runs/step-settings.js';
import { addJobOptions, type JobOptions } from '../options.js';

interface Options extends JobOptions {
  readonly name: string;
  readonly alias?: string;
  readonly chatTemplate?: string;
}

export const modelImport = defineCommand<[source: string], Options>({
  configure(command) {
    command
      .argument('<source>', 'a GGUF file, a Hugging Face folder, or hf:ORG/NAME')
      .requiredOption('--name <name>', 'register it as the next version of this model')
      .option('--alias <alias>', 'point this alias at the new version, such as prod')
      .addOption(new Option('--chat-template <name>', 'give a decoder without a chat template this one').choices(['alpaca']));
    addJobOptions(command, 'the imported model').addHelpText('after', '\nExample: tunesmith model import smollm2.gguf --name smollm2 --alias prod');
  },

  async run({ arguments: [source], options }, session) {
    const settings = await stepSettings('import-model', { name: { option: '--name', value: options.name }, alias: { option: '--alias', value: options.alias }, chatTemplate: { option: '--chat-template', value: options.chatTemplate } });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const path = await providePath(session, source, 'SOURCE');
    return jobCommand(session, { name: 'import', uses: 'import-model', with: { ...settings, path } }, options, async (job) => {
      const artifact = outputOf(job, 'adapter' in job.step.outputs ? 'adapter' : 'model');
      const platform = await session.platform();
      const { versions } = await platform.call('GET /v1/models/{name}', { parameters: { name: options.name } });
      const version = versions.find((each) => each.version === job.step.metrics['version']);
      const placed = out === undefined ? undefined : await placeResult(session, artifact, out);
      return {
        document: { name: options.name, version: version?.version ?? null, aliases: version?.aliases ?? [], family: version?.family ?? null, artifact: artifact.digest, size: artifact.size, ...(placed ? { path: placed } : {}), metrics: job.step.metrics, run: job.run.id },
        lines: [`${options.name}:${version?.version ?? '?'}${version?.aliases.map((alias) => ` @${alias}`).join('') ?? ''}  ${version?.family ?? ''}  ${formatBytes(artifact.size)}  ${shortDigest(artifact.digest)}`, ...remarksOf(job).map((remark) => `  ${remark}`)],
      };
    });
  },
});
