import type { OpenAiError, Problem } from '@tunesmith/contracts';
import { InputError } from '../http/input-error.js';

const typeByStatus: Readonly<Record<number, string>> = { 401: 'authentication_error', 403: 'permission_error', 404: 'not_found_error', 429: 'rate_limit_error' };

/** What our codes are called there, where clients look for a code. */
const knownCodes: Readonly<Record<string, string>> = {
  'prompt-too-long': 'context_length_exceeded', 'model-unknown': 'model_not_found', 'alias-unknown': 'model_not_found', 'version-unknown': 'model_not_found', 'format-missing': 'model_not_found',
  'artifact-unknown': 'model_not_found', 'too-many-requests': 'rate_limit_exceeded', 'token-missing': 'invalid_api_key', 'token-wrong': 'invalid_api_key',
};

/** The keys of a request that our codes are about, the first of them that the route takes. */
const keysAtFault: Readonly<Record<string, readonly string[]>> = {
  'prompt-too-long': ['messages', 'prompt'], 'chat-template-refused': ['messages'], 'doubled-bos': ['messages'], 'not-one-instruction': ['messages'], 'no-chat-template': ['model'], 'dtype-unfit': ['model'], 'adapter-needs-weights': ['model'], 'adapter-twice': ['model'], 'artifact-kind': ['model'], 'tools-not-rendered': ['tools'], 'prompt-empty': ['prompt'], 'token-unknown': ['prompt'], 'echo-of-source': ['echo'],
};

/** Clients try again after a 409, which is a lock there; what is refused here stays refused. */
export function openAiStatus(status: number): number {
  return status === 409 ? 400 : status;
}

/** A problem in OpenAI's shape; `error` is what it was made of, `url` what was asked. */
export function openAiError({ status, detail, code }: Problem, error: unknown, url: string): OpenAiError {
  const type = typeByStatus[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const [problem] = error instanceof InputError ? error.problems : [];
  const isModel = knownCodes[code] === 'model_not_found';
  const keys = (keysAtFault[code] ?? []).filter((key) => key !== (url.includes('/chat/') ? 'prompt' : 'messages'));
  const param = problem ? [...problem.at.split('.').slice(1), ...(problem.unknown === undefined ? [] : [problem.unknown])].join('.') || null : isModel ? 'model' : (keys[0] ?? null);
  const message = problem?.unknown === undefined ? detail : `${param}: this parameter is not supported here; leave it out`;
  return { error: { message, type, param, code: problem ? (problem.unknown === undefined ? 'invalid_value' : 'unsupported_parameter') : (knownCodes[code] ?? code.replaceAll('-', '_')) } };
}
