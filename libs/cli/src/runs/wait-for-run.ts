import type { RunView, StartRun } from '@tunesmith/contracts';
import { CommandError, InterruptedError } from '../errors.js';
import type { Session } from '../session.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { watchRun, whyFailed, type WatchOptions } from './watch-run.js';
import { failedSteps, whatHelps } from './what-helps.js';

export interface WaitOptions extends Pick<WatchOptions, 'reasons'> {
  /** Shows the live line on a terminal and nothing that stays. */
  readonly quiet?: boolean;
}

/** Starts a run and waits until it has ended. */
export async function startAndWait(session: Session, request: StartRun, options: WaitOptions = {}): Promise<RunView> {
  const platform = await session.platform();
  return waitForRun(session, () => platform.call('POST /v1/runs', { body: request }), options);
}

/**
 * Waits until the run that `start` sets going has ended. Ctrl-C asks the platform to cancel it and still waits for the end,
 * so that nothing goes on unseen.
 */
export async function waitForRun(session: Session, start: () => Promise<RunView>, options: WaitOptions = {}): Promise<RunView> {
  const display = new ProgressDisplay(session.terminal, options);
  let cancelled = false;
  let starting: Promise<RunView> | undefined;
  const cancel = (): void => {
    cancelled = true;
    display.note('cancelling the run; Ctrl-C again leaves at once');
    display.wait('cancelling');
    // The run may be on its way to the platform: its id is waited for. An error of the start shows in the wait itself.
    starting
      ?.then(
        async ({ id }) => (await session.platform()).call('POST /v1/runs/{id}/cancel', { parameters: { id } }),
        () => undefined,
      )
      .catch((error: Error) => display.note(`cancel: ${error.message}`));
  };
  try {
    const run = await session.interrupts.during(cancel, async () => {
      starting = start();
      const { id } = await starting;
      return watchRun(session, id, display, options);
    });
    if (run.status === 'cancelled' && cancelled) throw new InterruptedError(`run ${run.id} is cancelled`, [`tunesmith run resume ${run.id}`]);
    return run;
  } finally {
    display.stop();
  }
}

/** Follows a run that someone started; Ctrl-C leaves it alone. */
export async function followRun(session: Session, runId: string, options: Pick<WatchOptions, 'reasons'> = {}): Promise<RunView> {
  await session.platform();
  const display = new ProgressDisplay(session.terminal);
  const stop = new AbortController();
  try {
    return await session.interrupts.during(() => stop.abort(), () => watchRun(session, runId, display, { ...options, signal: stop.signal }));
  } catch (error) {
    if (stop.signal.aborted) throw new InterruptedError(`run ${runId} goes on`, [`tunesmith run watch ${runId}`, `tunesmith run cancel ${runId}`]);
    throw error;
  } finally {
    display.stop();
  }
}

/** The run has ended without its result. */
export class RunFailedError extends CommandError {
  constructor(run: RunView) {
    const failed = failedSteps(run);
    const [step] = failed;
    const reason = failed.map((each) => `${each.name}: ${whyFailed(each)}`).join('\n') || `it was ${run.status}`;
    super({
      message: `run ${run.id} ${run.status === 'cancelled' ? 'was cancelled' : 'failed'}: ${reason}`,
      code: step?.error?.code ?? `run-${run.status}`,
      attempts: [`tunesmith run show ${run.id}`, `tunesmith trace ${run.id}`, ...whatHelps(run)],
      facts: { ...step?.error?.facts, run: run.id, ...(step ? { step: step.name } : {}), ...(failed.length > 1 ? { steps: failed.map(({ name, error }) => ({ name, code: error?.code ?? null })) } : {}) },
    });
  }
}

/** Throws unless the run succeeded. */
export function expectSuccess(run: RunView): RunView {
  if (run.status !== 'succeeded') throw new RunFailedError(run);
  return run;
}
