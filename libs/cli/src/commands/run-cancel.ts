import { defineCommand } from '../command.js';

export const runCancel = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', 'the id of a run');
  },

  async run({ arguments: [id] }, session) {
    const platform = await session.platform();
    const run = await platform.call('POST /v1/runs/{id}/cancel', { parameters: { id } });
    return { document: run, lines: [`run ${run.id} is ${run.status}`] };
  },
});
