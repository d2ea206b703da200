import { defineCommand } from '../command.js';
import { formatBytes, formatTime } from '../terminal/format.js';
import { table } from '../terminal/table.js';

export const datasetList = defineCommand<[], object>({
  configure() {},

  async run(_input, session) {
    const platform = await session.platform();
    const datasets = await platform.call('GET /v1/datasets');
    const rows = datasets.map((dataset) => [dataset.name, String(dataset.version), String(dataset.rows), formatBytes(dataset.artifact.size), formatTime(dataset.createdAt)]);
    return {
      document: { datasets },
      lines: rows.length > 0 ? table(['NAME', 'LATEST', 'ROWS', 'SIZE', 'CREATED'], rows, ['LATEST', 'ROWS', 'SIZE']) : ['no datasets yet; try: tunesmith dataset push FILE.jsonl --name NAME'],
    };
  },
});
