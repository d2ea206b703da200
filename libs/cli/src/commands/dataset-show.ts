import { Option } from 'commander';
import { defineCommand } from '../command.js';
import { describeReport } from '../datasets/describe-report.js';
import { UsageError } from '../errors.js';
import { count } from '../options.js';
import { parseDatasetReference } from '../runs/artifact-of.js';
import { formatBytes, formatTime } from '../terminal/format.js';
import { fitWidth } from '../terminal/display-width.js';
import type { Terminal } from '../terminal/terminal.js';

interface Options {
  readonly version?: number;
  readonly rows?: number;
  readonly split?: 'train' | 'validation';
  readonly tag?: string;
}

export const datasetShow = defineCommand<[name: string], Options>({
  configure(command) {
    command
      .argument('<dataset>', 'name (the latest version) or name:version')
      .option('--version <number>', 'another version than the latest', count)
      .option('--rows <count>', 'also the first rows', count)
      .addOption(new Option('--split <split>', 'with --rows: of this split').choices(['train', 'validation']))
      .option('--tag <tag>', 'with --rows: of those with this tag');
  },

  async run({ arguments: [text], options }, session) {
    const { name, version } = parseDatasetReference(text);
    if (version !== undefined && options.version !== undefined) throw new UsageError(`--version: expected the version once; got ${text} and --version ${options.version}`);
    if (options.rows === undefined && (options.split ?? options.tag) !== undefined) throw new UsageError('--split and --tag: expected --rows beside them, since they choose the rows that are shown', ['--rows 10 --split validation']);
    const platform = await session.platform();
    const dataset = await platform.call('GET /v1/datasets/{name}', { parameters: { name }, query: { version: version ?? options.version } });
    const rows =
      options.rows === undefined
        ? undefined
        : await platform.call('GET /v1/datasets/{name}/rows', { parameters: { name }, query: { version: dataset.version, limit: options.rows, split: options.split, tag: options.tag } });
    return {
      document: { ...dataset, ...(rows ? { firstRows: rows } : {}) },
      lines: [
        `${dataset.name}:${dataset.version}  ${dataset.rows} rows  ${formatBytes(dataset.artifact.size)}  ${formatTime(dataset.createdAt)}`,
        dataset.artifact.digest,
        ...describeReport(dataset.report),
        ...describeRows(rows, options, session.terminal),
      ],
    };
  },
});

/** One line a row: whole, unless a person reads it on a terminal. */
function describeRows(rows: readonly object[] | undefined, { split, tag }: Options, { columns, isTerminal }: Terminal): string[] {
  if (rows?.length === 0) return [`no row${split === undefined ? '' : ` of the split ${split}`}${tag === undefined ? '' : ` with the tag "${tag}"`}`];
  return (rows ?? []).map((row) => JSON.stringify(row)).map((line) => (isTerminal ? fitWidth(line, columns) : line));
}
