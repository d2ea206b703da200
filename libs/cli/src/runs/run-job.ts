import type { RunView, StartRun, StepView } from '@tunesmith/contracts';
import type { CommandResult } from '../command.js';
import { CommandError, UsageError } from '../errors.js';
import type { JobOptions } from '../options.js';
import type { Session } from '../session.js';
import type { StepSettings } from './step-settings.js';
import { expectSuccess, startAndWait, type WaitOptions } from './wait-for-run.js';

export interface Job {
  /** Names the run and its one step, such as `train`. */
  readonly name: string;
  /** The step kind. */
  readonly uses: string;
  readonly with: StepSettings;
  /** Steps that have to be done first, by name; `with` may use what they make. */
  readonly before?: StartSteps;
}

type StartSteps = Extract<StartRun, { readonly steps: unknown }>['steps'];

/** A job that has succeeded. */
export interface FinishedJob {
  readonly run: RunView;
  readonly step: StepView;
}

/** Runs a single job to its end; throws unless it succeeded. */
export async function runJob(session: Session, job: Job, options: WaitOptions = {}): Promise<FinishedJob> {
  const run = expectSuccess(await startAndWait(session, startRequest(job), options));
  const step = run.steps.find((each) => each.name === job.name);
  if (!step) throw new CommandError({ message: `expected run ${run.id} to have the step ${job.name}; it has ${run.steps.map((each) => each.name).join(', ')}`, code: 'unexpected-answer' });
  return { run, step };
}

/** Runs a job and shows its result; with `--detach` only starts it. */
export async function jobCommand(session: Session, job: Job, options: JobOptions, show: (finished: FinishedJob) => Promise<CommandResult>): Promise<CommandResult> {
  if (options.detach && options.out !== undefined) {
    throw new UsageError('--detach and --out: expected one of the two; the result can be copied when it exists', [`tunesmith model export DIGEST --out ${options.out}`]);
  }
  if (options.detach) {
    const platform = await session.platform();
    return detached(await platform.call('POST /v1/runs', { body: startRequest(job) }));
  }
  return show(await runJob(session, job));
}

/** The answer of `--detach`. */
export function detached(run: RunView): CommandResult {
  return { document: { id: run.id, status: run.status }, lines: [run.id] };
}

function startRequest({ name, uses, with: settings, before = {} }: Job): StartRun {
  return { name, steps: { ...before, [name]: { uses, with: settings, ...(Object.keys(before).length > 0 && { needs: Object.keys(before) }) } } };
}
