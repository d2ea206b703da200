import { counterUniform } from '@tunesmith/datasets';

/** A server that asks for a longer pause has no turn for this job. */
const longestPause = 300;
const stream = 23;

/**
 * Seconds until the next try: what the server asks for, else a second that doubles, up to a minute, less a part of it that differs between prompts, so
 * that they do not all come back at once. Undefined where the server asks for more than five minutes.
 */
export function retryDelay(attempt: number, retryAfterSeconds: number | undefined, seed: number): number | undefined {
  if (retryAfterSeconds !== undefined) return retryAfterSeconds <= longestPause ? retryAfterSeconds : undefined;
  return Math.min(60, 2 ** attempt) * (1 - counterUniform(seed, stream, attempt) / 2);
}

/** Seconds in a Retry-After header: a number, or a date (RFC 9110, 10.2.3). Undefined where it says neither. */
export function retryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
