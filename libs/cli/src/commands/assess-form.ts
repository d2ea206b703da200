import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { addJobOptions, collectTexts, number, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { stepSettings } from '../runs/step-settings.js';
import { addressLines, servedForm } from '../synthesis/rater-address.js';

interface Options extends JobOptions {
  readonly model?: Readonly<Record<string, string>>;
  readonly items?: number;
  readonly maxNewTokens?: number;
  readonly seed?: number;
  readonly title?: string;
}

export const assessForm = defineCommand<[dataset: string], Options>({
  configure(command) {
    command
      .argument('<dataset>', 'a registered reference or a path; its questions are answered, or without --model its rows are graded')
      .option('--model <LABEL=MODEL>', 'a model that answers, and what the report calls it; may be given again', collectTexts)
      .option('--items <count>', 'questions that every model answers (default: 114), or rows of each origin (default: 20)', number)
      .option('--max-new-tokens <count>', 'longest answer (default: 256)', number)
      .option('--seed <number>', 'of the questions and their order (default: 1)', number)
      .option('--title <text>', 'what the page says above (default: "How good are these answers?")');
    addJobOptions(command, 'the page form.html and its key').addHelpText(
      'after',
      '\nExamples:\n  tunesmith assess form questions --model small=smollm2@prod --model tuned=tuned --out form\n  tunesmith assess form distilled --out form\nGive raters the address, or form.html alone: key.json says whose each answer is. Read what they hand in: tunesmith assess read FORM (--grades FOLDER: what they downloaded)',
    );
  },

  async run({ arguments: [dataset], options }, session) {
    const models = Object.entries(options.model ?? {});
    const settings = await stepSettings('assess', {
      kind: { option: 'kind', value: 'form' },
      labels: { option: '--model', value: models.length > 0 ? models.map(([label]) => label) : undefined },
      items: { option: '--items', value: options.items },
      maxNewTokens: { option: '--max-new-tokens', value: options.maxNewTokens },
      seed: { option: '--seed', value: options.seed },
      title: { option: '--title', value: options.title },
    });
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const references: Record<string, string | string[]> = { dataset: await resolveReference(session, dataset, 'DATASET') };
    if (models.length > 0) references['models'] = await Promise.all(models.map(([label, model]) => resolveReference(session, model, `--model ${label}`)));
    return jobCommand(session, { name: 'assess', uses: 'assess', with: { ...settings, ...references } }, options, async (job) => {
      const { digest } = outputOf(job, 'form');
      const folder = await placeResult(session, outputOf(job, 'form'), out);
      const served = await servedForm(session, digest);
      return {
        document: { artifact: digest, path: folder, address: served.address, metrics: job.step.metrics, run: job.run.id },
        lines: [`form  ${digest}`, ...addressLines(served), folder ? `or give them ${join(folder, 'form.html')}` : `copy the files: tunesmith model export ${digest} --out DIR`, `read what they hand in: tunesmith assess read ${digest}`],
      };
    });
  },
});
