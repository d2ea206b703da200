import { defineCommand } from '../command.js';
import { detached } from '../runs/run-job.js';
import { runResult } from '../runs/run-result.js';
import { waitForRun } from '../runs/wait-for-run.js';

export const runResume = defineCommand<[run: string], { readonly detach?: true }>({
  configure(command) {
    command.argument('<run>', 'the id of a run').option('--wait', 'wait for the end (the default)').option('--detach', 'return at once');
  },

  async run({ arguments: [id], options }, session) {
    const platform = await session.platform();
    const resume = () => platform.call('POST /v1/runs/{id}/resume', { parameters: { id } });
    if (options.detach) return detached(await resume());
    return runResult(await waitForRun(session, resume), session.terminal);
  },
});
