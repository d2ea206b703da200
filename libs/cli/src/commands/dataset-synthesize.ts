import type { CommandResult } from '../command.js';
import { defineCommand } from '../command.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { jobCommand } from '../runs/run-job.js';
import { describeSynthesis } from '../synthesis/describe-synthesis.js';
import { addSynthesizeOptions, type SynthesizeOptions } from '../synthesis/synthesize-options.js';
import { synthesizeSettings } from '../synthesis/synthesize-settings.js';

export const datasetSynthesize = defineCommand<[dataset: string | undefined], SynthesizeOptions>({
  configure: addSynthesizeOptions,

  async run({ arguments: [dataset], options }, session) {
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const settings = await synthesizeSettings(session, dataset, options);
    return jobCommand(session, { name: 'synthesize', uses: 'synthesize', with: settings }, options, async (job): Promise<CommandResult> => {
      const result = await artifactResult(session, job, ['dataset', 'report'], out);
      const told = describeSynthesis(job.step.metrics);
      return told ? { ...result, lines: [...result.lines.filter((line) => !line.startsWith('  ')), ...told] } : result;
    });
  },
});
