import type { JobMetrics } from '@tunesmith/contracts';
import type { CommandResult } from '../command.js';
import { join } from 'node:path';
import { CommandError } from '../errors.js';
import type { Session } from '../session.js';
import { formatBytes } from '../terminal/format.js';
import { describeMetrics } from './describe-metrics.js';
import { placeResult } from './place-artifact.js';
import { remarksOf } from './remarks-of.js';
import type { FinishedJob } from './run-job.js';

/**
 * The result of a job that made artifacts: `{"artifact","path","metrics"}`, where `artifact` is the first of `names` that was
 * made. Where there are several, `outputs` has each, and `--out` gets a folder for each. `describe`: the metrics, without remarks, for people.
 */
export async function artifactResult(session: Session, job: FinishedJob, names: readonly string[], out: string | undefined, describe: (metrics: JobMetrics, columns: number) => string[] = describeMetrics): Promise<CommandResult> {
  const made = names.flatMap((name) => (job.step.outputs[name] ? [{ name, artifact: job.step.outputs[name] }] : []));
  if (made.length === 0) throw new CommandError({ message: `expected run ${job.run.id} to have made ${names.join(' or ')}; it made nothing`, code: 'output-missing' });
  const placed: { name: string; artifact: string; size: number; path: string | null }[] = [];
  for (const { name, artifact } of made) {
    const folder = out === undefined || made.length === 1 ? out : join(out, name);
    placed.push({ name, artifact: artifact.digest, size: artifact.size, path: await placeResult(session, artifact, folder) });
  }
  const [first] = placed as [(typeof placed)[0]];
  const { remarks: _, ...figures } = job.step.metrics;
  return {
    document: {
      artifact: first.artifact, path: first.path, metrics: job.step.metrics, run: job.run.id,
      ...(placed.length > 1 ? { outputs: Object.fromEntries(placed.map(({ name, ...rest }) => [name, rest])) } : {}),
    },
    lines: [
      ...placed.map(({ name, artifact, size, path }) => `${name}  ${artifact}  ${formatBytes(size)}${path ? `  ${path}` : ''}`),
      ...describe(figures, session.terminal.columns),
      ...remarksOf(job).map((remark) => `  ${remark}`),
      ...(out === undefined ? [`copy the files: tunesmith model export ${first.artifact} --out DIR`] : []),
    ],
  };
}
