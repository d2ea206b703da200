import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface SeenRequest {
  readonly route: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
}

/** Answers one route: a value is sent as JSON, a function writes the answer itself or returns the value to send. */
export type TinyRoute = object | ((request: SeenRequest, answer: ServerResponse) => unknown);

/**
 * A real HTTP server that answers a few routes as a platform does, for what a real platform cannot be made to do on
 * purpose: broken connections, odd answers, exact moments. Routes are keyed `METHOD /path`.
 */
export class TinyPlatform implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  static readonly token = 'tiny-token';

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async start(routes: Readonly<Record<string, TinyRoute>>): Promise<TinyPlatform> {
    // A client that is slow to go on must not meet a connection that is just being closed.
    const server = createServer({ keepAliveTimeout: 600_000 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const platform = new TinyPlatform(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (incoming, answer) => void platform.answer(routes, incoming, answer));
    return platform;
  }

  /** What a command needs to use this platform as a shared one. */
  get environment(): NodeJS.ProcessEnv {
    return { TUNESMITH_URL: this.url, TUNESMITH_TOKEN: TinyPlatform.token };
  }

  seen(route: string): SeenRequest[] {
    return this.requests.filter((request) => request.route === route);
  }

  /** The JSON body of the only request to a route. */
  bodyOf(route: string): unknown {
    const [request, ...more] = this.seen(route);
    if (!request || more.length > 0) throw new Error(`expected one request ${route}; got ${this.requests.map((each) => each.route).join(', ')}`);
    return JSON.parse(request.bytes.toString('utf8'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(routes: Readonly<Record<string, TinyRoute>>, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.url);
    const route = `${incoming.method} ${url.pathname}`;
    const bytes = await buffer(incoming).catch(() => Buffer.alloc(0));
    const request = { route, query: url.searchParams, headers: incoming.headers, bytes };
    this.requests.push(request);
    if (incoming.headers.authorization !== `Bearer ${TinyPlatform.token}`) return sendProblem(answer, 401, 'not-allowed', 'no token');
    const handler = routes[route];
    if (!handler) return sendProblem(answer, 404, 'not-found', `nothing at ${route}`);
    const value = typeof handler === 'function' ? await (handler as (request: SeenRequest, answer: ServerResponse) => unknown)(request, answer) : handler;
    if (!answer.headersSent && value !== undefined) sendJson(answer, 200, value);
  }
}

export function sendJson(answer: ServerResponse, status: number, value: unknown): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function sendProblem(answer: ServerResponse, status: number, code: string, detail: string): void {
  answer.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title: 'Problem', status, detail, code, facts: {} }));
}

/** Begins a stream of server-sent events; each call of the result sends one. */
export function sendEvents(answer: ServerResponse): (event: string, data: object) => void {
  answer.writeHead(200, { 'content-type': 'text/event-stream' });
  return (event, data) => void answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
