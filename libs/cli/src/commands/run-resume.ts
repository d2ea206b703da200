import { defineCommand } from '../command.js';
import { findRunId, runArgument } from '../runs/find-run.js';
import { detached } from '../runs/run-job.js';
import { runResult } from '../runs/run-result.js';
import { waitForRun } from '../runs/wait-for-run.js';

export const runResume = defineCommand<[run: string], { readonly detach?: true }>({
  configure(command) {
    command.argument('<run>', runArgument).option('--wait', 'wait for the end (the default)').option('--detach', 'return at once');
  },

  async run({ arguments: [named], options }, session) {
    const [id, platform] = [await findRunId(session, named), await session.platform()];
    const resume = () => platform.call('POST /v1/runs/{id}/resume', { parameters: { id } });
    if (options.detach) return detached(await resume());
    return runResult(await waitForRun(session, resume, { reasons: session.json }), session.terminal);
  },
});
