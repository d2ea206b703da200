import type { OpenAiError, Problem } from '@tunesmith/contracts';
import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../errors.js';
import { answerLimit } from './answer-limit.js';
import { ProblemError } from './problem-error.js';
import { fillRoute, type Answer, type Parts, type Route, type RouteAnswering } from './routes.js';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.js';

/** The platform sends a comment on every open event stream more often than this. */
const silenceMilliseconds = 60_000;

export interface PlatformAddress {
  readonly url: URL;
  readonly token: string;
  /** True for the platform of this machine: it reads paths in place. */
  readonly local: boolean;
}

/** A part may be left out where everything in it may. */
type PartsArgument<Name extends Route> = object extends Parts<Name> ? [parts?: Parts<Name>] : [parts: Parts<Name>];

interface Payload {
  readonly body?: unknown;
  readonly content?: Readable;
  readonly signal?: AbortSignal;
}

/**
 * Speaks to a platform over HTTP. Routes and answers are typed by the API of `contracts`, which the platform serves and its
 * OpenAPI document is made of; answers are not parsed a second time here, so that commands start without the schema library.
 */
export class PlatformClient {
  constructor(readonly address: PlatformAddress) {}

  get local(): boolean {
    return this.address.local;
  }

  /** Calls a route that takes and answers JSON. */
  async call<Name extends Route>(route: Name, ...[parts]: PartsArgument<Name>): Promise<Answer<Name>> {
    const body = parts && 'body' in parts ? parts.body : undefined;
    return this.readJson(await this.request(route, parts ?? {}, { body }));
  }

  /** Calls a route that takes bytes. */
  async send(route: 'PATCH /v1/uploads/{id}', parts: Parts<'PATCH /v1/uploads/{id}'>, content: Readable): Promise<Answer<'PATCH /v1/uploads/{id}'>> {
    return this.readJson(await this.request(route, parts, { content }));
  }

  /** The bytes of a route that answers with some. */
  async download<Name extends RouteAnswering<'bytes'>>(route: Name, parts: Parts<Name>): Promise<Readable> {
    return this.request(route, parts, {});
  }

  /** Server-sent events until the platform ends the stream; throws when the connection breaks. */
  async *events<Name extends RouteAnswering<'events'>>(route: Name, parts: Parts<Name>, signal?: AbortSignal): AsyncGenerator<ServerSentEvent> {
    const answer = await this.request(route, parts, signal ? { signal } : {});
    answer.socket.setTimeout(silenceMilliseconds, () => answer.destroy(new Error(`no sign of life for ${silenceMilliseconds / 1000} s`)));
    yield* readServerSentEvents(answer);
  }

  private async readJson<Document>(answer: IncomingMessage): Promise<Document> {
    const body = await text(answer);
    try {
      return JSON.parse(body) as Document;
    } catch (cause) {
      throw new CommandError({ message: `${this.address.url.origin}: expected JSON; got "${body.slice(0, 80)}"`, code: 'unexpected-answer', cause });
    }
  }

  private async request(route: string, parts: object, { body, content, signal }: Payload): Promise<IncomingMessage> {
    const { method, path } = fillRoute(route, parts);
    const url = new URL(path, this.address.url);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: OutgoingHttpHeaders = { authorization: `Bearer ${this.address.token}` };
    if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': payload.length });
    if (content) headers['content-type'] = 'application/octet-stream';
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp;
      const timeout = answerLimit(method, path);
      const outgoing = send(url, { method, headers, ...(signal ? { signal } : {}), timeout }, resolve);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer for ${timeout / 1000} s`)));
      outgoing.on('error', (error) => reject(new UnreachableError(this.address, error)));
      if (content) pipeline(content, outgoing).catch(reject);
      else outgoing.end(payload);
    });
    answer.socket.setTimeout(0);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw await this.refusal(answer, status, url);
  }

  private async refusal(answer: IncomingMessage, status: number, url: URL): Promise<CommandError> {
    const body = await text(answer);
    if (status === 401 || status === 403) {
      return new CommandError({
        message: `${url.origin}: expected a token that this platform knows; got HTTP ${status}`,
        code: 'not-allowed',
        attempts: [this.local ? 'tunesmith down && tunesmith status' : 'export TUNESMITH_TOKEN=… (ask whoever runs the platform)'],
      });
    }
    const problem = parseProblem(body);
    if (problem) return new ProblemError(problem);
    return new CommandError({ message: `${url.origin}${url.pathname}: expected an answer of a Tunesmith platform; got HTTP ${status}${body ? `: ${body.slice(0, 200)}` : ''}`, code: 'unexpected-answer' });
  }
}

/** No platform answers at the address. */
export class UnreachableError extends CommandError {
  constructor(address: PlatformAddress, cause: Error) {
    super({
      message: `expected a platform at ${address.url.origin}; ${cause.message || String(cause)}`,
      code: 'platform-unreachable',
      attempts: address.local ? ['tunesmith status', 'tunesmith up'] : ['check TUNESMITH_URL and the network'],
      cause,
    });
  }
}

function parseProblem(body: string): Problem | undefined {
  try {
    const value = JSON.parse(body) as (Partial<Problem> & Partial<OpenAiError>) | null;
    if (typeof value?.error?.message === 'string') return { type: '', title: '', facts: {}, detail: value.error.message, code: value.error.code ?? value.error.type, status: 0 };
    return typeof value?.detail === 'string' && typeof value.code === 'string' && typeof value.status === 'number' ? { type: '', title: '', facts: {}, ...value, detail: value.detail, code: value.code, status: value.status } : undefined;
  } catch {
    return undefined;
  }
}
