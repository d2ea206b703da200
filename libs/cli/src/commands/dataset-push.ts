import type { DatasetView, RunView } from '@tunesmith/contracts';
import { defineCommand } from '../command.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { providePath } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { addJobOptions, type JobOptions } from '../options.js';
import { shortDigest } from '../terminal/format.js';

interface Options extends JobOptions {
  readonly name: string;
  readonly skipInvalid?: true;
}

export const datasetPush = defineCommand<[file: string], Options>({
  configure(command) {
    command
      .argument('<file>', 'rows as JSON lines (.jsonl) or a JSON array (.json)')
      .requiredOption('--name <name>', 'register it as the next version of this dataset')
      .option('--skip-invalid', 'count and leave out rows that are not valid instead of failing at the first');
    addJobOptions(command, 'the canonical rows and their report').addHelpText('after', '\nA row: {"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}\nPlain text: {"text":"…"}; a preference: {"prompt":"…","chosen":"…","rejected":"…"}\nExample: tunesmith dataset push rows.jsonl --name helpdesk');
  },

  async run({ arguments: [file], options }, session) {
    const settings = await stepSettings('import-dataset', { name: { option: '--name', value: options.name }, skipInvalid: { option: '--skip-invalid', value: options.skipInvalid } });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const path = await providePath(session, file, 'FILE');
    return jobCommand(session, { name: 'push', uses: 'import-dataset', with: { ...settings, path } }, options, async (job) => {
      const artifact = outputOf(job, 'dataset');
      const platform = await session.platform();
      const versions = await platform.call('GET /v1/datasets/{name}/versions', { parameters: { name: options.name } });
      const dataset = versions.find((each) => each.version === job.step.metrics['version']);
      const placed = out === undefined ? undefined : await placeResult(session, artifact, out);
      const started = (await platform.call('GET /v1/runs', { query: { limit: 20 } })).filter((run) => isStartedBy(run, dataset));
      return {
        document: {
          name: options.name, version: dataset?.version ?? null, rows: dataset?.rows ?? null, artifact: artifact.digest, ...(placed ? { path: placed } : {}),
          report: dataset?.report ?? {}, metrics: job.step.metrics, run: job.run.id, started: started.map(({ id, recipe }) => ({ run: id, recipe })),
        },
        lines: [
          `${options.name}:${dataset?.version ?? '?'}  ${dataset?.rows ?? '?'} ${dataset?.rows === 1 ? 'row' : 'rows'}  ${shortDigest(artifact.digest)}`,
          ...describeDropped(dataset),
          ...started.map((run) => `started recipe ${run.recipe}: tunesmith run watch ${run.id}`),
        ],
      };
    });
  },
});

/** What --skip-invalid left out: how many rows, and how many of them for which reason. */
function describeDropped(dataset: DatasetView | undefined): string[] {
  const dropped = dataset?.report['dropped'] as { rows?: number; reasons?: Record<string, number> } | null | undefined;
  if (!dropped?.rows) return [];
  return [`left out ${dropped.rows} ${dropped.rows === 1 ? 'row that is' : 'rows that are'} not valid: ${Object.entries(dropped.reasons ?? {}).map(([reason, count]) => `${count} ${reason}`).join(', ')}`];
}

/** Runs that recipes began because of this version; those that have not begun yet are in `run list` a moment later. */
function isStartedBy({ event }: RunView, dataset: DatasetView | undefined): boolean {
  return dataset !== undefined && event['name'] === dataset.name && event['version'] === dataset.version;
}
