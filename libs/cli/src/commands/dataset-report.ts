import { defineCommand } from '../command.js';
import { describeReport } from '../datasets/describe-report.js';
import { addJobOptions, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings, type StepSettings } from '../runs/step-settings.js';
import { formatCount } from '../terminal/format.js';

interface Options extends JobOptions {
  readonly model?: string;
  readonly nearThreshold?: number;
}

export const datasetReport = defineCommand<[dataset: string], Options>({
  configure(command) {
    command
      .argument('<dataset>', 'a registered reference or a path')
      .option('--model <model>', "counts tokens and trained tokens under this model's tokenizer and template")
      .option('--near-threshold <share>', 'the share of common five-character runs from which rows are near duplicates (default: 0.8)', number);
    addJobOptions(command, 'the report').addHelpText('after', '\nExample: tunesmith dataset report helpdesk --model smollm2');
  },

  async run({ arguments: [dataset], options }, session) {
    const settings = await stepSettings('report-dataset', { nearDuplicateThreshold: { option: '--near-threshold', value: options.nearThreshold } });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: StepSettings = { dataset: await resolveReference(session, dataset, 'DATASET') };
    if (options.model !== undefined) references['model'] = await resolveReference(session, options.model, '--model');
    return jobCommand(session, { name: 'report', uses: 'report-dataset', with: { ...settings, ...references } }, options, async (job) => {
      const artifact = outputOf(job, 'report');
      const path = await placeResult(session, artifact, out);
      const { metrics } = job.step;
      return { document: { artifact: artifact.digest, path, report: metrics, run: job.run.id }, lines: [`${formatCount(Number(metrics['rows']))} rows`, ...describeReport(metrics)] };
    });
  },
});
