import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options {
  readonly alias?: string;
  readonly at?: string;
}

export const modelHistory = defineCommand<[name: string], Options>({
  configure(command) {
    command
      .argument('<name>', 'the name of a model')
      .option('--alias <alias>', 'only this alias')
      .option('--at <time>', 'only what each alias pointed at then, such as 2026-11-20T12:00')
      .addHelpText('after', '\nExample: what was in production on Friday at noon?\n  tunesmith model history smollm2 --alias prod --at 2026-11-20T12:00');
  },

  async run({ arguments: [name], options }, session) {
    const at = options.at === undefined ? undefined : parseTime(options.at);
    const platform = await session.platform();
    const changes = await platform.call('GET /v1/models/{name}/history', { parameters: { name }, query: { alias: options.alias, at } });
    const rows = changes.map((change) => [formatTime(change.at), change.alias, change.previousVersion === null ? '' : `${change.previousVersion}`, `${change.version}`, change.runId ?? '']);
    return {
      document: { name, ...(at ? { at } : {}), history: changes },
      lines: rows.length > 0 ? table(['SINCE', 'ALIAS', 'BEFORE', 'VERSION', 'RUN'], rows, ['BEFORE', 'VERSION']) : [`${name}: no alias pointed at a version${at ? ` at ${formatTime(at)}` : ''}`],
    };
  },
});

/** A time as people type it, in their own time zone unless it names one; to ISO in UTC. */
function parseTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new UsageError(`--at: expected a time; got "${text}"`, ['--at 2026-11-20', '--at 2026-11-20T12:00', '--at 2026-11-20T12:00:00Z']);
  return time.toISOString();
}
