import { defineCommand } from '../command.js';
import { findRunId, runArgument } from '../runs/find-run.js';

export const runCancel = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', runArgument);
  },

  async run({ arguments: [named] }, session) {
    const [id, platform] = [await findRunId(session, named), await session.platform()];
    const run = await platform.call('POST /v1/runs/{id}/cancel', { parameters: { id } });
    return { document: run, lines: [`run ${run.id} is ${run.status}`] };
  },
});
