import { defineCommand } from '../command.js';
import { addJobOptions, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';

export const deltaRestore = defineCommand<[base: string, delta: string], JobOptions>({
  configure(command) {
    command.argument('<base>', 'what the delta was taken from: a registered reference or a path').argument('<delta>', 'what delta compress made: sha256:… or a folder');
    addJobOptions(command, 'the model').addHelpText('after', '\nExample: tunesmith delta restore smollm2:1 ./delta --out model');
  },

  async run({ arguments: [base, delta], options }, session) {
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references = { base: await resolveReference(session, base, 'BASE'), delta: await resolveReference(session, delta, 'DELTA') };
    return jobCommand(session, { name: 'restore-delta', uses: 'restore-delta', with: references }, options, (job) => artifactResult(session, job, ['model'], out));
  },
});
