import { defineCommand } from '../command.js';
import { addJobOptions, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { providePath } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions {
  readonly grades: string;
}

interface Told {
  readonly groups: readonly { readonly group: string; readonly counts: Readonly<Record<string, number>> }[];
  readonly agreement: { readonly cohen: readonly { readonly raters: readonly string[]; readonly kappa: number | null }[]; readonly fleiss: { readonly items: number; readonly kappa: number | null } | null };
}

export const assessRead = defineCommand<[form: string], Options>({
  configure(command) {
    command.argument('<form>', 'the form, sha256:…, as `assess form` printed it').requiredOption('--grades <folder>', 'the files that raters downloaded from the page, or one of them');
    addJobOptions(command, 'counts, agreement and their picture').addHelpText('after', '\nExample: tunesmith assess read sha256:… --grades handed-in --out assessment');
  },

  async run({ arguments: [form], options }, session) {
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    const grades = await providePath(session, options.grades, '--grades');
    return jobCommand(session, { name: 'assess', uses: 'assess', with: { kind: 'grades', form, grades } }, options, async (job) => {
      const result = await artifactResult(session, job, ['assessment'], out);
      const metrics: unknown = job.step.metrics;
      return { ...result, lines: [...result.lines.filter((line) => !line.startsWith('  ')), ...describe(metrics as Told)] };
    });
  },
});

function describe({ groups, agreement: { cohen, fleiss } }: Told): string[] {
  const kappa = (value: number | null): string => (value === null ? 'says nothing' : value.toFixed(2));
  return [
    ...table(['GROUP', 'A', 'B', 'C', 'D'], groups.map(({ group, counts }) => [group, ...['A', 'B', 'C', 'D'].map((grade) => String(counts[grade] ?? 0))]), ['A', 'B', 'C', 'D']),
    ...cohen.map(({ raters, kappa: value }) => `Cohen's kappa of ${raters.join(' and ')}: ${kappa(value)}`),
    ...(fleiss ? [`Fleiss' kappa over ${fleiss.items} answers: ${kappa(fleiss.kappa)}`] : []),
  ];
}
