import { defineCommand } from '../command.js';
import { describeRun } from '../runs/run-result.js';

export const runShow = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', 'the id of a run');
  },

  async run({ arguments: [id] }, session) {
    const platform = await session.platform();
    const run = await platform.call('GET /v1/runs/{id}', { parameters: { id } });
    return { document: run, lines: describeRun(run, session.terminal) };
  },
});
