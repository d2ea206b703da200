import { defineCommand } from '../command.js';
import { findRunId, runArgument } from '../runs/find-run.js';
import { describeRun } from '../runs/run-result.js';

export const runShow = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', runArgument);
  },

  async run({ arguments: [named] }, session) {
    const [id, platform] = [await findRunId(session, named), await session.platform()];
    const run = await platform.call('GET /v1/runs/{id}', { parameters: { id } });
    return { document: run, lines: describeRun(run, session.terminal) };
  },
});
