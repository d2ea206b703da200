import type { JobError } from '@tunesmith/contracts';

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * The error as data: code and facts of any error that has them, whatever its class, because errors of the compute side
 * and errors that crossed a process have other bases than `PlatformError`.
 */
export function jobErrorOf(error: unknown): JobError {
  if (!isRecord(error)) return { code: 'unknown', message: String(error), facts: {} };
  const message = typeof error['message'] === 'string' && error['message'] ? error['message'] : String(error);
  const code = typeof error['code'] === 'string' && error['code'] ? kebab(error['code']) : 'internal';
  return { code, message, facts: jsonFacts(error['facts']) };
}

/** `ENOSPC` and `SQLITE_BUSY` are codes too; job errors speak kebab-case. */
function kebab(code: string): string {
  return /^[A-Z0-9_]+$/.test(code) ? code.toLowerCase().replaceAll('_', '-') : code;
}

function jsonFacts(facts: unknown): JobError['facts'] {
  if (!isRecord(facts)) return {};
  try {
    const copy: unknown = JSON.parse(JSON.stringify(facts, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
    return isRecord(copy) ? (copy as JobError['facts']) : {};
  } catch {
    return {};
  }
}
