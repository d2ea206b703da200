import { Option } from 'commander';
import type { DatasetView, RunView } from '@tunesmith/contracts';
import { defineCommand } from '../command.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { describeReport } from '../datasets/describe-report.js';
import { providePath, resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { shortDigest } from '../terminal/format.js';

interface Options extends JobOptions {
  readonly name: string;
  readonly skipInvalid?: true;
  readonly ignoreKey?: readonly string[];
  readonly dropDuplicates?: string;
  readonly nearThreshold?: number;
  readonly model?: string;
}

export const datasetPush = defineCommand<[file: string], Options>({
  configure(command) {
    command
      .argument('<source>', 'rows as .jsonl, .json, .csv or .parquet (also .gz, .zst), a folder or archive (.zip, .tar, .tar.gz) of them, https://…, s3://BUCKET/KEY or s3://BUCKET/PREFIX/')
      .requiredOption('--name <name>', 'register it as the next version of this dataset')
      .option('--skip-invalid', 'count and leave out rows that are not valid instead of failing at the first')
      .option('--ignore-key <name>', 'a key of the rows or of their messages that says nothing for training, such as source: left out and counted; may be given again (default: keys that no form knows are refused)', collect)
      .addOption(new Option('--drop-duplicates <kind>', 'leave out rows that repeat an earlier one: word for word, or also nearly (default: they are counted and kept)').choices(['exact', 'near']))
      .option('--near-threshold <share>', 'the share of common five-character runs from which rows are near duplicates (default: 0.8)', number)
      .option('--model <model>', "also counts tokens and trained tokens under this model's tokenizer and template");
    addJobOptions(command, 'the canonical rows and their report').addHelpText('after', '\nA row: {"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}\nPlain text: {"text":"…"}; a preference: {"prompt":"…","chosen":"…","rejected":"…"}; ShareGPT, Alpaca, query/response, prompt/completion, and tool calls in OpenAI\'s form\n\nIn a folder the name of a file gives its rows a tag and a split: law.train.jsonl, law.eval.jsonl.\n\nExamples:\n  tunesmith dataset push rows.jsonl --name helpdesk --model smollm2\n  tunesmith dataset push domains/ --name six --drop-duplicates near');
  },

  async run({ arguments: [source], options }, session) {
    const settings = await stepSettings('import-dataset', {
      name: { option: '--name', value: options.name },
      skipInvalid: { option: '--skip-invalid', value: options.skipInvalid },
      ignoreKeys: { option: '--ignore-key', value: options.ignoreKey && [...options.ignoreKey] },
      dropDuplicates: { option: '--drop-duplicates', value: options.dropDuplicates },
      nearDuplicateThreshold: { option: '--near-threshold', value: options.nearThreshold },
    });
    const references: StepSettings = options.model === undefined ? {} : { model: await resolveReference(session, options.model, '--model') };
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const path = await providePath(session, source, 'SOURCE');
    return jobCommand(session, { name: 'push', uses: 'import-dataset', with: { ...settings, ...references, path } }, options, async (job) => {
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
          ...describeReport(dataset?.report ?? {}),
          ...started.map((run) => `started recipe ${run.recipe}: tunesmith run watch ${run.id}`),
        ],
      };
    });
  },
});

/** Runs that recipes began because of this version; those that have not begun yet are in `run list` a moment later. */
function isStartedBy({ event }: RunView, dataset: DatasetView | undefined): boolean {
  return dataset !== undefined && event['name'] === dataset.name && event['version'] === dataset.version;
}
