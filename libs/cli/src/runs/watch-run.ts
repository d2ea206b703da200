import type { RunProgress, RunView, StepView } from '@tunesmith/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnreachableError } from '../client/platform-client.js';
import { CommandError } from '../errors.js';
import { formatDuration } from '../terminal/format.js';
import type { Session } from '../session.js';
import type { ProgressDisplay } from '../terminal/progress-display.js';

/** A platform that is away for longer than this is given up; the run itself goes on when it is back. */
const awayMilliseconds = 60_000;

export interface WatchOptions {
  readonly signal?: AbortSignal;
  /** Says why a step failed as it does: where the end of the command is a document and no sentence. */
  readonly reasons?: boolean;
}

/** Shows a run live until it has ended. A connection that breaks is made anew; a local platform that was killed is started again. */
export async function watchRun(session: Session, runId: string, display: ProgressDisplay, { signal, reasons = false }: WatchOptions = {}): Promise<RunView> {
  const shown = new Map<string, StepView['status']>();
  let lastSign = Date.now();
  for (;;) {
    try {
      const platform = await session.platform();
      for await (const { event, data } of platform.events('GET /v1/runs/{id}/events', { parameters: { id: runId } }, signal)) {
        lastSign = Date.now();
        if (event === 'progress') {
          const { step, progress } = JSON.parse(data) as RunProgress;
          // Progress may overtake the news that the step runs.
          shown.set(step, 'running');
          display.update(step, progress);
        } else if (event === 'run' || event === 'end') {
          const run = JSON.parse(data) as RunView;
          showSteps(run, shown, display, reasons);
          if (event === 'end') return run;
        }
      }
    } catch (error) {
      if (signal?.aborted || !isLost(error)) throw error;
      if (Date.now() - lastSign > awayMilliseconds) throw lostError(runId, error);
    }
    display.wait('waiting for the platform');
    await sleep(500, undefined, signal ? { signal } : {});
    await session.connectAgain();
  }
}

function showSteps(run: RunView, shown: Map<string, StepView['status']>, display: ProgressDisplay, reasons: boolean): void {
  for (const step of run.steps) {
    if (shown.get(step.name) === step.status) continue;
    shown.set(step.name, step.status);
    if (step.status === 'running') display.wait(step.name);
    // Why a run has failed is said once.
    else if (step.status !== 'pending') display.note(describeEnd(step, { reason: reasons || step.mayFail === true }));
  }
}

/** What went wrong in a step, without the step's name, with which many messages begin. */
export function whyFailed({ name, error }: StepView): string {
  const message = error?.message ?? 'failed';
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
}

/** One line for a step that has ended: "✓ train 1:12". */
export function describeEnd(step: StepView, { reason = true } = {}): string {
  const time = step.startedAt && step.finishedAt ? ` ${formatDuration(Date.parse(step.finishedAt) - Date.parse(step.startedAt))}` : '';
  if (step.status === 'succeeded') return `✓ ${step.name}${step.cached ? ' (cached: the same inputs were worked on before)' : time}`;
  if (step.status === 'failed') return `✗ ${step.name}${time}${reason ? `: ${whyFailed(step)}` : ''}`;
  return `- ${step.name} ${step.status}`;
}

// A refusal by the platform is an answer; anything else on the way means that the connection is gone.
function isLost(error: unknown): boolean {
  return error instanceof UnreachableError || !(error instanceof CommandError);
}

function lostError(runId: string, cause: unknown): CommandError {
  return new CommandError({
    message: `lost the platform: expected to hear of run ${runId}; ${(cause as Error).message}. The run goes on when the platform is back`,
    code: 'platform-lost',
    attempts: ['tunesmith status', `tunesmith run watch ${runId}`],
    facts: { run: runId },
    cause,
  });
}
