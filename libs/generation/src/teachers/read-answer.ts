import { retryAfter } from './retry-delay.js';
import { TeacherError } from './teacher-error.js';
import type { Completion } from './teacher.js';

/** Why there is no answer, and whether another try may have one. */
export interface NoAnswer {
  readonly problem: TeacherError;
  readonly mayPass: boolean;
  readonly retryAfterSeconds?: number | undefined;
}

/** No answer of text is longer. */
const largestBody = 8 * 1024 * 1024;
/** Timeouts, rates and what servers say while they start, are busy or break. */
const passing = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529]);
/** A rate limit passes; an account without money does not. */
const lasting = /insufficient_quota|billing/;

/** Reads an answer to `/chat/completions`. Nothing that a server may send throws; only a broken connection does. */
export async function readAnswer(response: Response, name: string): Promise<Completion | NoAnswer> {
  return jsonOf(response, name, '{"choices":[{"message":{"content":"…"}}]}', parseAnswer);
}

/** Reads JSON of the form that is expected; `parse` returns undefined where it is another. */
export async function jsonOf<Value extends object>(response: Response, name: string, expected: string, parse: (value: unknown) => Value | undefined): Promise<Value | NoAnswer> {
  const { status, headers } = response;
  const text = await boundedText(response);
  const problem = (code: string, message: string, facts: Record<string, unknown> = {}): TeacherError => new TeacherError({ message, code, facts: { status, ...facts } });
  if (text === undefined) return { problem: problem('teacher-answer-too-large', `${name}: expected an answer of at most ${largestBody >> 20} MiB; got more. Is this the address of a chat server?`), mayPass: false };
  const excerpt = text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  if (status >= 300 && status < 400) {
    return { problem: problem('teacher-refused', `${name} answered ${status} and points to ${headers.get('location') ?? 'nowhere'}. Redirects are not followed, because a key may be sent along: give the final address.`), mayPass: false };
  }
  if (status !== 200) {
    const mayPass = passing.has(status) && !lasting.test(text);
    const hint = { 401: ' Is the key right?', 403: ' May this key use this model?', 404: ' Are the address and the name of the model right?', 429: ' Ask for less at a time (requests per minute, concurrency), or try again later.' }[status] ?? (status >= 500 ? ' Look at the log of the server, or try again later: what was answered is kept.' : ' Does the server take requests of the OpenAI form, with this name of a model?');
    return { problem: problem('teacher-refused', `${name} answered ${status}: ${excerpt || 'nothing'}.${hint}`), mayPass, retryAfterSeconds: retryAfter(headers.get('retry-after')) };
  }
  const answer = parsed(text, parse);
  if (answer) return answer;
  return { problem: problem('teacher-garbage', `${name}: expected ${expected}; got ${excerpt ? `"${excerpt}"` : 'an empty body'}. Is this the address of an OpenAI-compatible server?`), mayPass: true };
}

/** The whole body, undefined where it is too large. */
async function boundedText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop ends the connection.
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function parsed<Value>(text: string, parse: (value: unknown) => Value | undefined): Value | undefined {
  try {
    return parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parseAnswer(value: unknown): Completion | undefined {
  const [choice] = arrayAt(value, 'choices');
  const content = at(at(choice, 'message'), 'content');
  if (!choice || (typeof content !== 'string' && content !== null)) return undefined;
  // A model that only thinks, or refuses by another field, has said nothing.
  const said = (content ?? '').toWellFormed().trim();
  const usage = at(value, 'usage');
  return { text: said, finish: at(choice, 'finish_reason') === 'length' ? 'length' : 'stop', promptTokens: countAt(usage, 'prompt_tokens'), newTokens: countAt(usage, 'completion_tokens') };
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function arrayAt(value: unknown, key: string): unknown[] {
  const found = at(value, key);
  return Array.isArray(found) ? found : [];
}

function countAt(value: unknown, key: string): number {
  const count = at(value, key);
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : 0;
}
