import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { count } from '../options.js';
import { formatDuration, formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options {
  readonly status?: 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly limit: number;
}

export const runList = defineCommand<[], Options>({
  configure(command) {
    command
      .addOption(new Option('--status <status>', 'only runs in this state').choices(['running', 'succeeded', 'failed', 'cancelled']))
      .option('--limit <count>', 'at most this many', count, 20);
  },

  async run({ options }, session) {
    const platform = await session.platform();
    const runs = await platform.call('GET /v1/runs', { query: { status: options.status, limit: options.limit } });
    const rows = runs.map((run) => [
      run.id, run.recipe, run.status, `${run.steps.filter((step) => step.status === 'succeeded').length}/${run.steps.length}`,
      formatTime(run.createdAt), formatDuration((run.finishedAt ? Date.parse(run.finishedAt) : Date.now()) - Date.parse(run.createdAt)),
    ]);
    return { document: { runs }, lines: rows.length > 0 ? table(['RUN', 'RECIPE', 'STATUS', 'STEPS', 'STARTED', 'TIME'], rows, ['STEPS', 'TIME']) : ['no runs yet'] };
  },
});
