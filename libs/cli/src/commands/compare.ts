import { json } from 'node:stream/consumers';
import { dirname, resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { comparisonSteps } from '../compare/comparison-steps.js';
import { describeComparison, type ComparisonRow } from '../compare/describe-comparison.js';
import { readComparison } from '../compare/read-comparison.js';
import { importTasksStep } from '../evaluate/import-tasks-step.js';
import { addJobOptions, type JobOptions } from '../options.js';
import { outputOf } from '../runs/artifact-of.js';
import { expectEmptyFolder, placeResult } from '../runs/place-artifact.js';
import { resolveReference } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';

export const compare = defineCommand<[file: string], JobOptions>({
  configure(command) {
    command.argument('<file.yaml>', 'the model, the dataset, the ways to tune, what they share, and the tasks; paths are from its folder');
    addJobOptions(command, 'the table and the pictures').addHelpText('after', [
      '',
      'FILE.yaml, of which model, dataset, methods and tasks are needed:',
      '  model: smollm2                      # a registered reference or a path',
      '  dataset: ./rows.jsonl',
      '  methods:                            # the methods of `train --method`, each with settings of its own',
      '    lora: { rank: 16 }',
      '    lora+: { lr: 0.0001 }',
      '    small: { method: dora, rank: 2 }  # under a name of your own',
      '  settings: { steps: 100, batch: 4, lr: 0.0002 }',
      '  seeds: [1, 2, 3]',
      '  tasks: [mmlu, ./own.yaml, { kind: loss, name: held-out, tag: law }]',
      '  data: ./mmlu',
      '  evaluation: { limit: 100 }',
      '',
      'What was done before is not done again: a method that is added is the only one that is tuned.',
      '',
      'Example: tunesmith compare examples/compare-methods.yaml --out compared',
    ].join('\n'));
  },

  async run({ arguments: [file], options }, session) {
    const comparison = await readComparison(file);
    const folder = dirname(resolve(file));
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const { data, include } = comparison;
    const named = comparison.tasks.filter((task) => typeof task === 'string').map((task) => (/\.ya?ml$/.test(task) ? resolve(folder, task) : task));
    const references = {
      model: await resolveReference(session, comparison.model, 'model', folder), dataset: await resolveReference(session, comparison.dataset, 'dataset', folder),
      ...(named.length > 0 && { importTasks: await importTasksStep(session, named, { ...(data !== undefined && { data: resolve(folder, data) }), ...(include !== undefined && { include: resolve(folder, include) }) }) }),
    };
    const { before, compare: settings } = comparisonSteps(comparison, references);
    return jobCommand(session, { name: 'compare', uses: 'compare', with: settings, before }, options, async (job) => {
      const artifact = outputOf(job, 'comparison');
      const platform = await session.platform();
      const { rows } = (await json(await platform.download('GET /v1/artifacts/{digest}/files/{path*}', { parameters: { digest: artifact.digest, path: 'comparison.json' } }))) as { rows: ComparisonRow[] };
      const path = await placeResult(session, artifact, out);
      const shown = comparison.metrics ?? [...new Set(Object.values(job.step.metrics).flatMap((metrics) => Object.keys(metrics ?? {})))];
      return {
        document: { rows, artifact: artifact.digest, path, run: job.run.id },
        lines: [...describeComparison(rows, shown), path === null ? `see the pictures: tunesmith model export ${artifact.digest} --out DIR` : `table and pictures  ${path}/index.html`],
      };
    });
  },
});
