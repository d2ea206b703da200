import { defineCommand } from '../command.js';
import { findRunId, runArgument } from '../runs/find-run.js';
import { runResult } from '../runs/run-result.js';
import { followRun } from '../runs/wait-for-run.js';

export const runWatch = defineCommand<[run: string], object>({
  configure(command) {
    command.argument('<run>', runArgument).addHelpText('after', '\nCtrl-C stops watching; the run goes on. Exit code 1 when the run did not succeed.');
  },

  async run({ arguments: [named] }, session) {
    return runResult(await followRun(session, await findRunId(session, named), { reasons: session.json }), session.terminal);
  },
});
