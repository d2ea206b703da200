import type { RunView, StepView } from '@tunesmith/contracts';

/** Codes of errors that lie outside of what a step was given: they pass, or can be mended while the run stays as it is. */
export const outsideCodes: ReadonlySet<string> = new Set([
  // The process that worked, and the program itself.
  'worker-crashed', 'attempts-used-up', 'lease-lost', 'service-stopping', 'time-limit', 'not-built', 'code-jail-missing', 'internal', 'unknown',
  // The machine.
  'disk-full', 'file-write-failed', 'job-too-large', 'artifact-missing', 'busy',
  // Others that are asked.
  'hub-offline', 'hub-unreachable', 'hub-access-denied', 'hub-failed', 'hub-bad-answer', 'hub-digest-mismatch', 'hub-transfer-broken',
  'teacher-unreachable', 'teacher-timeout', 'teacher-refused', 'teacher-garbage', 'teacher-key-missing', 'spending-cap-reached',
  'address-unreachable', 'address-silent', 'address-unknown', 'address-answer', 'address-changed', 'nobody-answers',
]);

/** System errors (enospc, eacces) and those of the database. */
const systemCode = /^(e[a-z0-9]+|sqlite-[a-z-]+)$/;

/**
 * What to try after a run that has failed or was cancelled, one a line. A resumed run keeps what it was given, except for paths, which its import steps read
 * anew: where what it was given is wrong, it would fail the same way.
 */
export function whatHelps(run: RunView): string[] {
  const resume = `tunesmith run resume ${run.id}`;
  const wrong = failedSteps(run).filter(({ error }) => !passes(error));
  const read = wrong.flatMap((step) => readAgain(step) ?? []);
  if (wrong.length === 0) return [resume];
  if (read.length === wrong.length) return [`mend ${[...new Set(read)].join(' and ')}, then: ${resume}`];
  const names = wrong.filter((step) => readAgain(step) === undefined).map(({ name }) => name);
  return [`start it again with what ${names.join(', ')} ${names.length === 1 ? 'expects' : 'expect'}; resumed, it would fail the same way`];
}

/** The steps that ended a run. */
export function failedSteps({ steps }: Pick<RunView, 'steps'>): StepView[] {
  return steps.filter(({ status, mayFail }) => status === 'failed' && !mayFail);
}

function passes(error: StepView['error']): boolean {
  return error === null || outsideCodes.has(error.code) || systemCode.test(error.code);
}

/** What a resumed run reads anew; uploads stay what they are, and so does what a name stands for. */
function readAgain({ name, uses, inputs, error }: StepView): string | undefined {
  const path = inputs['path'];
  // Its path is only where the files are looked for.
  if (uses === 'import-tasks') return error?.code === 'task-unknown' || inputs['upload'] !== undefined ? undefined : `what ${name} reads`;
  return uses.startsWith('import-') && typeof path === 'string' && inputs['upload'] === undefined && !/^(hf|upload):/.test(path) ? path : undefined;
}
