import { defineCommand } from '../command.js';
import { addJobOptions, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { fitWidth } from '../terminal/display-width.js';
import { formatCount } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions {
  readonly examples?: number;
}

interface Difference {
  readonly left: { readonly rows: number };
  readonly right: { readonly rows: number };
  readonly same: number;
  readonly moved: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly byTag: Readonly<Record<string, { readonly left: number; readonly right: number }>>;
  readonly examples: Readonly<Record<'moved' | 'changed' | 'added' | 'removed', readonly { readonly row: number; readonly text: string }[]>>;
}

export const datasetDiff = defineCommand<[left: string, right: string], Options>({
  configure(command) {
    command
      .argument('<left>', 'the dataset before: a registered reference such as helpdesk:1, or a path')
      .argument('<right>', 'the dataset after')
      .option('--examples <count>', 'how many rows of each kind of difference are shown (default: 5)', number);
    addJobOptions(command, 'the report').addHelpText('after', '\nExample: tunesmith dataset diff helpdesk:1 helpdesk:2');
  },

  async run({ arguments: [left, right], options }, session) {
    const settings = await stepSettings('diff-datasets', { examples: { option: '--examples', value: options.examples } });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references = { left: await resolveReference(session, left, 'LEFT'), right: await resolveReference(session, right, 'RIGHT') };
    return jobCommand(session, { name: 'diff', uses: 'diff-datasets', with: { ...settings, ...references } }, options, async (job) => {
      const artifact = outputOf(job, 'report');
      const path = await placeResult(session, artifact, out);
      return { document: { artifact: artifact.digest, path, difference: job.step.metrics, run: job.run.id }, lines: describe(job.step.metrics, session.terminal.columns) };
    });
  },
});

function describe(metrics: object, columns: number): string[] {
  const { left, right, same, moved, changed, added, removed, byTag, examples } = metrics as Difference;
  const signs = { added: '+', removed: '-', changed: '~', moved: '>' } as const;
  const tags = Object.entries(byTag).map(([tag, counts]) => [tag, formatCount(counts.left), formatCount(counts.right)]);
  return [
    `${formatCount(left.rows)} rows before, ${formatCount(right.rows)} after`,
    `same ${formatCount(same)}, of them in the other split ${formatCount(moved)}; answered otherwise ${formatCount(changed)}; added ${formatCount(added)}; removed ${formatCount(removed)}`,
    ...(tags.length > 0 ? table(['TAG', 'BEFORE', 'AFTER'], tags, ['BEFORE', 'AFTER']) : []),
    ...(['added', 'removed', 'changed', 'moved'] as const).flatMap((kind) => examples[kind].map(({ row, text }) => fitWidth(`${signs[kind]} row ${row}: ${text.replaceAll('\n', ' ')}`, columns))),
  ];
}
