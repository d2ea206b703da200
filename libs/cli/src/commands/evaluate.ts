import { Option } from 'commander';
import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { UsageError } from '../errors.js';
import { addJobOptions, collect, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand, type FinishedJob } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { formatNumber } from '../terminal/format.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions {
  readonly dataset: string;
  readonly against?: string;
  readonly task: readonly string[];
  readonly maxNewTokens?: number;
  readonly dtype?: string;
}

export const evaluate = defineCommand<[model: string], Options>({
  configure(command) {
    command
      .argument('<model>', 'a registered reference or a path')
      .requiredOption('--dataset <dataset>', 'the rows of its validation split are asked')
      .requiredOption('--task <[NAME=]KIND:TAG>', 'exact-match:TAG or loss:TAG over the rows with this tag; may be given again', collect)
      .option('--against <model>', 'the model to compare with, such as smollm2@prod')
      .option('--max-new-tokens <count>', 'longest answer of exact-match (default: 48)', number)
      .addOption(new Option('--dtype <dtype>', 'what the weights are computed in (default: "bfloat16")').choices(['bfloat16', 'float32']));
    addJobOptions(command, 'the report and the samples').addHelpText('after', '\nExample: tunesmith evaluate smollm2@prod --dataset helpdesk --task qa=exact-match:identity --task forgetting=loss:replay');
  },

  async run({ arguments: [model], options }, session) {
    const settings = await stepSettings('evaluate', {
      tasks: { option: '--task', value: options.task.map((text) => parseTask(text, options.maxNewTokens)) },
      dtype: { option: '--dtype', value: options.dtype },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { model: await resolveReference(session, model, 'MODEL'), dataset: await resolveReference(session, options.dataset, '--dataset') };
    if (options.against !== undefined) references['against'] = await resolveReference(session, options.against, '--against');
    return jobCommand(session, { name: 'evaluate', uses: 'evaluate', with: { ...settings, ...references } }, options, async (job) => {
      const artifact = outputOf(job, 'evaluation');
      const folder = await placeResult(session, artifact, out);
      const results = resultsByTask(job);
      const rows = Object.entries(results).flatMap(([task, metrics]) => Object.entries(metrics).map(([metric, value]) => [task, metric, formatNumber(value)]));
      return {
        document: { results, samples: folder && join(folder, 'samples.jsonl'), artifact: artifact.digest, path: folder, run: job.run.id },
        lines: table(['TASK', 'METRIC', 'VALUE'], rows, ['VALUE']),
      };
    });
  },
});

/** "qa=exact-match:identity" -> the task `qa`; without a name the tag is the name. */
function parseTask(text: string, maxNewTokens: number | undefined) {
  const match = /^(?:([^=:]+)=)?(exact-match|loss):(.+)$/.exec(text);
  if (!match) throw new UsageError(`--task: expected [NAME=]exact-match:TAG or [NAME=]loss:TAG; got "${text}"`, ['--task qa=exact-match:identity', '--task forgetting=loss:replay']);
  const [, name, kind, tag] = match;
  return { kind: kind!, name: name ?? tag!, tag: tag!, ...(kind === 'exact-match' && maxNewTokens !== undefined ? { maxNewTokens } : {}) };
}

/** The step's metrics are named TASK.METRIC; a metric's name has no dot. */
export function resultsByTask({ step }: Pick<FinishedJob, 'step'>): Record<string, Record<string, number>> {
  const results: Record<string, Record<string, number>> = {};
  for (const [key, value] of Object.entries(step.metrics)) {
    const dot = key.lastIndexOf('.');
    if (dot > 0 && typeof value === 'number') (results[key.slice(0, dot)] ??= {})[key.slice(dot + 1)] = value;
  }
  return results;
}
