import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { ServingProxy } from './serving-proxy.js';

let platform: Server;
let proxy: ServingProxy;

beforeAll(async () => {
  platform = createServer((incoming, answer) => {
    incoming.resume().once('end', () => answer.setHeader('x-of', 'the platform').end(JSON.stringify({ url: incoming.url, headers: incoming.headers })));
  });
  await once(platform.listen(0, '127.0.0.1'), 'listening');
  proxy = await ServingProxy.start(new URL(`http://127.0.0.1:${(platform.address() as AddressInfo).port}`), 0);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  platform.closeAllConnections();
  await new Promise((resolve) => platform.close(resolve));
});

interface Came { readonly url: string; readonly headers: IncomingHttpHeaders; readonly error?: { readonly code: string } }

/** Paths as they stand: nothing makes them plain before they are sent. */
async function ask(path: string, { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string } = {}) {
  const { port } = new URL(proxy.url);
  const outgoing = request({ host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET', headers });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, came: (await json(answer)) as Came };
}

test('what is below /v1 reaches the platform, with its query and its key', async () => {
  const { status, headers, came } = await ask('/v1/models/a%23gguf%2Fq8_0?x=1', { headers: { authorization: 'Bearer key' } });
  expect([status, headers['x-of'], came.url, came.headers.authorization]).toEqual([200, 'the platform', '/openai/v1/models/a%23gguf%2Fq8_0?x=1', 'Bearer key']);
});

test.each(['/', '/v1', '/v1/../../v1/runs', '/v1/%2e%2e/%2E%2e/v1/runs', '/v1/x/../../../v1/runs', 'http://elsewhere/v1/models'])('%s does not', async (path) => {
  expect(await ask(path)).toMatchObject({ status: 404, came: { error: { code: 'route_unknown' } } });
});

test('a connection is between its own two ends', async () => {
  const { headers, came } = await ask('/v1/models', { headers: { connection: 'close', te: 'trailers', 'keep-alive': 'timeout=5' } });
  expect(headers.connection).toBe('close');
  expect(headers['keep-alive']).toBeUndefined();
  expect(came.headers).not.toHaveProperty('te');
});

test('a body that the platform would not read to its end is refused before', async () => {
  expect(await ask('/v1/completions', { body: 'x'.repeat((16 << 20) + 1) })).toMatchObject({ status: 413, came: { error: { code: 'body_too_large' } } });
  expect((await ask('/v1/completions', { body: 'x'.repeat(1 << 20) })).came.headers['content-length']).toBe(String(1 << 20));
});
