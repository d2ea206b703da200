import type { OpenAiError, Problem } from '@tunesmith/contracts';
import { InputError } from '../http/input-error.js';

const typeByStatus: Readonly<Record<number, string>> = { 401: 'authentication_error', 403: 'permission_error', 404: 'not_found_error', 429: 'rate_limit_error' };

/** What our codes are called there, where clients look for a code. */
const knownCodes: Readonly<Record<string, string>> = {
  'prompt-too-long': 'context_length_exceeded', 'model-unknown': 'model_not_found', 'alias-unknown': 'model_not_found', 'version-unknown': 'model_not_found', 'format-missing': 'model_not_found',
  'artifact-unknown': 'model_not_found', 'too-many-requests': 'rate_limit_exceeded', 'token-missing': 'invalid_api_key', 'token-wrong': 'invalid_api_key',
};

/** A problem in OpenAI's shape; `error` is what it was made of. */
export function openAiError({ status, detail, code }: Problem, error: unknown): OpenAiError {
  const type = typeByStatus[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  const [problem] = error instanceof InputError ? error.problems : [];
  const isModel = knownCodes[code] === 'model_not_found';
  const param = problem ? [...problem.at.split('.').slice(1), ...(problem.unknown === undefined ? [] : [problem.unknown])].join('.') || null : isModel ? 'model' : null;
  const message = problem?.unknown === undefined ? detail : `${param}: this parameter is not supported here; leave it out`;
  return { error: { message, type, param, code: problem ? (problem.unknown === undefined ? 'invalid_value' : 'unsupported_parameter') : (knownCodes[code] ?? code.replaceAll('-', '_')) } };
}
