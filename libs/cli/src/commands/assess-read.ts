import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCommand } from '../command.js';
import { CommandError } from '../errors.js';
import { addJobOptions, type JobOptions } from '../options.js';
import { artifactResult } from '../runs/artifact-result.js';
import { expectEmptyFolder } from '../runs/place-artifact.js';
import { providePath } from '../runs/references.js';
import { jobCommand } from '../runs/run-job.js';
import type { Session } from '../session.js';
import { table } from '../terminal/table.js';

interface Options extends JobOptions {
  readonly grades?: string;
}

interface Told {
  readonly groups: readonly { readonly group: string; readonly counts: Readonly<Record<string, number>> }[];
  readonly agreement: { readonly cohen: readonly { readonly raters: readonly string[]; readonly kappa: number | null }[]; readonly fleiss: { readonly items: number; readonly kappa: number | null } | null };
}

export const assessRead = defineCommand<[form: string], Options>({
  configure(command) {
    command.argument('<form>', 'the form, sha256:…, as `assess form` printed it').option('--grades <folder>', 'the files that raters downloaded from the page, or one of them (default: what they handed in to the platform)');
    addJobOptions(command, 'counts, agreement and their picture').addHelpText('after', '\nExamples:\n  tunesmith assess read sha256:… --out assessment\n  tunesmith assess read sha256:… --grades downloaded --out assessment');
  },

  async run({ arguments: [form], options }, session) {
    const out = options.out === undefined ? undefined : expectEmptyFolder(options.out);
    await using handedIn = options.grades === undefined ? await fetchGrades(session, form) : undefined;
    const grades = await providePath(session, options.grades ?? handedIn!.path, '--grades');
    return await jobCommand(session, { name: 'assess', uses: 'assess', with: { kind: 'grades', form, grades } }, options, async (job) => {
      const result = await artifactResult(session, job, ['assessment'], out);
      const metrics: unknown = job.step.metrics;
      return { ...result, lines: [...result.lines.filter((line) => !line.startsWith('  ')), ...describe(metrics as Told)] };
    });
  },
});

/** What raters handed in to the platform, as the files that they could have downloaded. */
async function fetchGrades(session: Session, form: string): Promise<AsyncDisposable & { readonly path: string }> {
  const platform = await session.platform();
  const handedIn = await platform.call('GET /v1/assessments/{digest}/grades', { parameters: { digest: form } });
  if (handedIn.length === 0) throw new CommandError({ message: `expected grades that were handed in for ${form}; nobody has`, code: 'nothing-handed-in', attempts: [`tunesmith assess serve ${form}`, `tunesmith assess read ${form} --grades FOLDER`] });
  const path = await mkdtemp(join(tmpdir(), 'tunesmith-grades-'));
  for (const [place, grades] of handedIn.entries()) await writeFile(join(path, `rater-${place + 1}.json`), JSON.stringify(grades));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function describe({ groups, agreement: { cohen, fleiss } }: Told): string[] {
  const kappa = (value: number | null): string => (value === null ? 'says nothing' : value.toFixed(2));
  return [
    ...table(['GROUP', 'A', 'B', 'C', 'D'], groups.map(({ group, counts }) => [group, ...['A', 'B', 'C', 'D'].map((grade) => String(counts[grade] ?? 0))]), ['A', 'B', 'C', 'D']),
    ...cohen.map(({ raters, kappa: value }) => `Cohen's kappa of ${raters.join(' and ')}: ${kappa(value)}`),
    ...(fleiss ? [`Fleiss' kappa over ${fleiss.items} answers: ${kappa(fleiss.kappa)}`] : []),
  ];
}
