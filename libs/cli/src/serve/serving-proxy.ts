import { createServer, request as requestHttp, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { largestBody } from '@tunesmith/contracts';
import { CommandError } from '../errors.js';

/** Headers about one connection (RFC 9110, 7.6.1): there are two. */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'host']);

/**
 * Serves `/v1/…` on a port of this machine and hands every request on to the platform's `/openai/v1/…`, its Authorization header too: whoever asks needs the token of the
 * platform. What is answered goes back as it comes, and a client that goes ends its request there.
 */
export class ServingProxy implements AsyncDisposable {
  private constructor(private readonly server: Server, readonly url: string) {}

  static async start(platform: URL, port: number): Promise<ServingProxy> {
    const server = createServer((incoming, answer) => void handOn(platform, incoming, answer));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => reject(new CommandError({ message: `--port: expected a free port; ${cause.code === 'EADDRINUSE' ? `another program listens on ${port}` : cause.message}`, code: 'port-in-use', attempts: ['--port 0 takes any'], cause })));
      server.listen(port, '127.0.0.1', resolve);
    });
    return new ServingProxy(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function handOn(platform: URL, incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const gone = new AbortController();
  answer.once('close', () => gone.abort());
  try {
    const url = URL.parse(`/openai${incoming.url}`, platform.href);
    // Dots may lead elsewhere.
    if (!incoming.url?.startsWith('/v1/') || !url?.pathname.startsWith('/openai/v1/')) return refuse(answer, 404, 'expected a path below /v1, such as /v1/chat/completions', 'route_unknown');
    // The platform ends the connection over such a body, perhaps before its answer is read.
    const length = Number(incoming.headers['content-length'] ?? 0);
    if (length > largestBody) return refuse(answer, 413, `expected a request of at most ${largestBody} bytes; it has ${length}; shorten it`, 'body_too_large');
    const send = platform.protocol === 'https:' ? requestHttps : requestHttp;
    const upstream = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(url, { method: incoming.method, headers: endToEnd(incoming.headers), signal: gone.signal }, resolve);
      outgoing.on('error', reject);
      pipeline(incoming, outgoing).catch(reject);
    });
    answer.writeHead(upstream.statusCode ?? 502, endToEnd(upstream.headers));
    await pipeline(upstream, answer);
  } catch (error) {
    if (gone.signal.aborted) return;
    refuse(answer, 502, `expected the platform to answer; ${(error as Error).message}`, 'platform_unreachable');
  }
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));
}

function refuse(answer: ServerResponse, status: number, message: string, code: string): void {
  if (answer.headersSent) return void answer.destroy();
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code } }));
}
