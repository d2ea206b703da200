import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually, repositoryRoot, temporaryFolder } from '@tunesmith/tests-support';
import { startStandalone, type Standalone } from './start-standalone.js';

let home: string;
let removeHome: () => Promise<void>;
const running: { stop(): Promise<void> }[] = [];
beforeEach(async () => {
  const folder = await temporaryFolder('standalone');
  [home, removeHome] = [folder.path, folder.remove];
});
afterEach(async () => {
  for (const platform of running.splice(0)) await platform.stop();
  await removeHome();
});

async function start(environment: Record<string, string> = {}): Promise<Standalone> {
  const platform = await startStandalone({ PATH: process.env['PATH'], TUNESMITH_HOME: home, ...environment }, false);
  running.push(platform);
  return platform;
}

async function call<Body>(url: string, method: string, path: string, body?: object): Promise<Body> {
  const token = (await readFile(join(home, 'token'), 'utf8')).trim();
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Body;
}

test('it says where it is, keeps what it was told, and leaves nothing running', async () => {
  const platform = await start();
  expect(JSON.parse(await readFile(join(home, 'platform.json'), 'utf8'))).toEqual({ pid: process.pid, url: platform.url, version: expect.stringMatching(/^\d/) });
  expect((await stat(join(home, 'platform.json'))).mode & 0o777).toBe(0o600);
  expect((await fetch(`${platform.url}/readyz`)).status).toBe(200);
  expect((await fetch(`${platform.url}/v1/runs`)).status).toBe(401);
  await call(platform.url, 'POST', '/v1/recipes', { source: 'name: kept\nsteps: { import: { uses: import-dataset, with: { path: /x.jsonl } } }' });

  // Nobody else may run on the same folder.
  await expect(startStandalone({ PATH: process.env['PATH'], TUNESMITH_HOME: home }, false)).rejects.toMatchObject({ code: 'home-locked', message: expect.stringContaining(String(process.pid)) });

  await running.pop()!.stop();
  expect(existsSync(join(home, 'platform.json'))).toBe(false);
  await expect(fetch(`${platform.url}/healthz`)).rejects.toThrow();
  const again = await start();
  expect(await call(again.url, 'GET', '/v1/recipes/kept')).toMatchObject({ version: 1 });
});

test('a port in use is told, and the folder is free again', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await expect(start({ TUNESMITH_HTTP_PORT: String(port) })).rejects.toMatchObject({ code: 'port-in-use', message: expect.stringContaining(`${port}`) });
  server.close();
  await new Promise((resolve) => server.once('close', resolve));
  // Any port: this one may be somebody else's by now.
  await start();
});

test('a setting that is not one is told before anything is left running', async () => {
  await expect(start({ TUNESMITH_WORKER_THREADS: 'many', TUNESMITH_COLOUR: 'red' })).rejects.toThrow(/TUNESMITH_WORKER_THREADS[^]*TUNESMITH_COLOUR/);
  await start();
});

/** The built program as the command starts it. */
async function startProgram(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(repositoryRoot, 'services/standalone/dist/main.js')], { env: { PATH: process.env['PATH'], TUNESMITH_HOME: home }, stdio: 'ignore' });
  const { url } = await eventually('the platform', async () => {
    const file = JSON.parse(await readFile(join(home, 'platform.json'), 'utf8')) as { pid: number; url: string };
    return file.pid === child.pid && (await fetch(`${file.url}/readyz`)).ok ? file : undefined;
  }, { every: 100 });
  return { child, url };
}

const ended = (child: ChildProcess): Promise<number | string | null> => new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));

test('the program drains at SIGTERM, and goes on after kill -9', async () => {
  const first = await startProgram();
  const killed = ended(first.child);
  first.child.kill('SIGKILL');
  expect(await killed).toBe('SIGKILL');
  const second = await startProgram();
  const stopped = ended(second.child);
  second.child.kill('SIGTERM');
  expect(await stopped).toBe(0);
  expect(existsSync(join(home, 'platform.json'))).toBe(false);
  expect(existsSync(join(home, 'nats', 'nats.pid'))).toBe(false);
});
