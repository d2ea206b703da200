import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { api, type Endpoint, type Problem } from '@tunesmith/contracts';
import { ArtifactError, explainDisk, isRetryable, jobErrorOf, PlatformError } from '@tunesmith/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConflictError, NotFoundError, RefusedError } from '../errors.js';
import { openAiError, openAiStatus } from '../openai/openai-error.js';
import { InputError } from './input-error.js';
import { fastifyPath } from './serves.js';
import { MediaTypeError, UnauthorizedError } from './request-errors.js';

const statusByClass: readonly [new (...parameters: never[]) => Error, number][] = [
  [InputError, 400],
  [UnauthorizedError, 401],
  [NotFoundError, 404],
  [ConflictError, 409],
  [MediaTypeError, 415],
  [RefusedError, 409],
];

/** Errors of whoever answers questions, which have crossed the bus. */
const statusByCode: Readonly<Record<string, number>> = {
  'too-many-requests': 429, 'question-too-large': 413, 'time-limit': 504, 'job-too-large': 409, 'file-refused-by-runtime': 409, 'logits-not-finite': 409, 'no-chat-template': 409, 'tools-not-rendered': 409, 'echo-of-source': 409, 'adapter-misfit': 409, 'adapter-unsupported': 409, 'adapter-not-finite': 409,
  'prompt-too-long': 400, 'prompt-empty': 400, 'token-unknown': 400, 'chat-template-refused': 400, 'doubled-bos': 400, 'not-one-instruction': 400,
};

/** Every error answer is application/problem+json with what was expected, what came, what to try (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { problem, headers } = this.answerTo(error, request);
    if (reply.raw.headersSent) {
      // The answer has begun: the connection can only be broken, so that nobody takes half an answer for a whole one.
      reply.raw.destroy();
      return;
    }
    const isOpenAi = request.url.startsWith('/openai/');
    const [type, document] = isOpenAi ? ['application/json', openAiError(problem, error, request.url)] as const : ['application/problem+json', problem] as const;
    void reply.status(isOpenAi ? openAiStatus(problem.status) : problem.status).headers({ 'cache-control': 'no-store', ...headers }).type(type).send(JSON.stringify(document));
  }

  /** What an error is told as, for an answer that has begun. */
  problemFor(error: unknown, request: FastifyRequest): Problem {
    return this.answerTo(error, request).problem;
  }

  private answerTo(error: unknown, request: FastifyRequest): { problem: Problem; headers: Record<string, string> } {
    const status = statusByClass.find(([type]) => error instanceof type)?.[1] ?? (error instanceof PlatformError ? statusByCode[error.code] : undefined) ?? httpStatusOf(error);
    if (status === 404 && !(error instanceof PlatformError)) return notRouted(request);
    if (status === undefined || (status >= 500 && status !== 504)) {
      const full = explainDisk(error, 'what the platform has to write');
      if (full instanceof ArtifactError && full.code === 'disk-full') {
        this.logger.error(`${request.method} ${request.url}: ${String(error)}`);
        return { problem: problemOf(503, jobErrorOf(full)), headers: {} };
      }
      if (isRetryable(error)) {
        this.logger.warn(`${request.method} ${request.url}: ${String(error)}`);
        return { problem: problemOf(503, jobErrorOf(error)), headers: { 'retry-after': '1' } };
      }
      this.logger.error(`${request.method} ${request.url}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      const message = 'expected to answer; something went wrong inside; see the log of the registry';
      return { problem: problemOf(500, { code: 'internal', message, facts: {} }), headers: {} };
    }
    const seconds = status === 429 && error instanceof PlatformError ? error.facts['retryAfterSeconds'] : undefined;
    const headers: Record<string, string> = { ...(status === 401 && { 'www-authenticate': 'Bearer' }), ...(typeof seconds === 'number' && { 'retry-after': String(seconds) }) };
    return { problem: problemOf(status, error instanceof PlatformError ? jobErrorOf(error) : explain(status, error)), headers };
  }
}

/** No route: another method of a known path gets 405 with the methods that there are. */
function notRouted(request: FastifyRequest): { problem: Problem; headers: Record<string, string> } {
  const path = request.url.split('?')[0] ?? '';
  const methods = Object.values<Endpoint>(api).filter((endpoint) => matches(endpoint, path)).map(({ method }) => method);
  if (methods.length === 0) {
    return { problem: problemOf(404, { code: 'route-unknown', message: `expected a path of this API; got ${request.method} ${path}; see /openapi.json`, facts: {} }), headers: {} };
  }
  const allow = [...new Set(methods)].sort().join(', ');
  return { problem: problemOf(405, { code: 'method-not-allowed', message: `expected ${allow} for ${path}; got ${request.method}`, facts: { allow } }), headers: { allow } };
}

function matches(endpoint: Endpoint, path: string): boolean {
  const pattern = fastifyPath(endpoint).split('/').map((part) => (part === '*' ? '.+' : part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.'))).join('/');
  return new RegExp(`^${pattern}$`).test(path);
}

/** Of Nest's own exceptions and of Fastify's errors, such as a body that is not JSON. */
function httpStatusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : undefined;
}

const codes: Readonly<Record<number, string>> = { 400: 'request-invalid', 413: 'body-too-large', 414: 'path-too-long', 415: 'media-type-unsupported' };

function explain(status: number, error: unknown): { code: string; message: string; facts: Problem['facts'] } {
  const came = error instanceof Error ? error.message : String(error);
  const message = status === 415 ? `expected a content-type that the route takes (see /openapi.json); ${came}` : came;
  return { code: codes[status] ?? 'request-refused', message, facts: {} };
}

export function problemOf(status: number, { code, message, facts }: { code: string; message: string; facts: Problem['facts'] }): Problem {
  return { type: `urn:tunesmith:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail: message, code, facts };
}
