import { CommandError } from '../errors.js';
import { expectRunId } from '../runs/find-run.js';
import { expectSuccess, waitForRun } from '../runs/wait-for-run.js';
import type { FinishedJob } from '../runs/run-job.js';
import type { Session } from '../session.js';

/** The run to go on with: the one of this id, or the newest that trains and has failed or was cancelled. */
export async function runToResume(session: Session, given: string): Promise<string> {
  if (given !== 'latest') return expectRunId(given, '--resume');
  const platform = await session.platform();
  const runs = await platform.call('GET /v1/runs', { query: { limit: 500 } });
  const found = runs.find(({ status, steps }) => (status === 'failed' || status === 'cancelled') && steps.some(({ uses, inputs }) => uses === 'train' && inputs['plan'] !== true));
  if (!found) throw new CommandError({ message: '--resume latest: expected a training that failed or was cancelled; there is none', code: 'nothing-to-resume', attempts: ['tunesmith run list'] });
  return found.id;
}

/** Resumes the run and waits for its end. Its training goes on from its last checkpoint. */
export async function resumeTraining(session: Session, id: string): Promise<FinishedJob> {
  const platform = await session.platform();
  const run = expectSuccess(await waitForRun(session, () => platform.call('POST /v1/runs/{id}/resume', { parameters: { id } })));
  const step = run.steps.find(({ uses }) => uses === 'train');
  if (!step) throw new CommandError({ message: `--resume: expected a run that trains; run ${id} has the steps ${run.steps.map(({ name }) => name).join(', ')}`, code: 'nothing-to-resume', attempts: [`tunesmith run show ${id}`] });
  return { run, step };
}
