import { CommandError, UsageError } from '../errors.js';
import type { Session } from '../session.js';

const idForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What commands say of the argument. */
export const runArgument = 'the id of a run, or latest';

/** The id of the run that a person named. @throws UsageError where it can be none */
export async function findRunId(session: Session, text: string): Promise<string> {
  if (text !== 'latest') return expectRunId(text, 'RUN');
  const [latest] = await (await session.platform()).call('GET /v1/runs', { query: { limit: 1 } });
  if (latest) return latest.id;
  throw new CommandError({ message: 'RUN: expected a run to be there; there is none yet', code: 'run-unknown', attempts: ['tunesmith run start RECIPE'] });
}

export function expectRunId(text: string, what: string): string {
  if (idForm.test(text)) return text;
  throw new UsageError(`${what}: expected ${runArgument}; got "${text}"`, ['tunesmith run list']);
}
