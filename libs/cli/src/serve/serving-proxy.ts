import { createServer, request as requestHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../errors.js';

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
    if (!/^\/v1\//.test(incoming.url ?? '')) return refuse(answer, 404, 'expected a path below /v1, such as /v1/chat/completions');
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const send = platform.protocol === 'https:' ? requestHttps : requestHttp;
    const upstream = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = send(new URL(`/openai${incoming.url}`, platform), { method: incoming.method, headers, signal: gone.signal }, resolve);
      outgoing.on('error', reject);
      pipeline(incoming, outgoing).catch(reject);
    });
    answer.writeHead(upstream.statusCode ?? 502, upstream.headers);
    await pipeline(upstream, answer);
  } catch (error) {
    if (gone.signal.aborted) return;
    refuse(answer, 502, `expected the platform to answer; ${(error as Error).message}`);
  }
}

function refuse(answer: ServerResponse, status: number, message: string): void {
  if (answer.headersSent) return void answer.destroy();
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message, type: status === 404 ? 'invalid_request_error' : 'server_error', param: null, code: null } }));
}
