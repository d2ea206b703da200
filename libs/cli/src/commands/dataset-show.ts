import { defineCommand } from '../command.js';
import { count } from '../options.js';
import { formatBytes, formatTime } from '../terminal/format.js';
import { fitWidth } from '../terminal/display-width.js';

interface Options {
  readonly version?: number;
  readonly rows?: number;
}

export const datasetShow = defineCommand<[name: string], Options>({
  configure(command) {
    command.argument('<name>', 'the name of a dataset').option('--version <number>', 'another version than the latest', count).option('--rows <count>', 'also the first rows', count);
  },

  async run({ arguments: [name], options }, session) {
    const platform = await session.platform();
    const dataset = await platform.call('GET /v1/datasets/{name}', { parameters: { name }, query: { version: options.version } });
    const rows = options.rows === undefined ? undefined : await platform.call('GET /v1/datasets/{name}/rows', { parameters: { name }, query: { version: dataset.version, limit: options.rows } });
    return {
      document: { ...dataset, ...(rows ? { firstRows: rows } : {}) },
      lines: [
        `${dataset.name}:${dataset.version}  ${dataset.rows} rows  ${formatBytes(dataset.artifact.size)}  ${formatTime(dataset.createdAt)}`,
        dataset.artifact.digest,
        ...Object.entries(dataset.report).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
        ...(rows ?? []).map((row) => fitWidth(JSON.stringify(row), session.terminal.columns)),
      ],
    };
  },
});
