import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tunesmith/tests-support';
import { findNatsServer } from './find-nats-server.js';
import { NatsServerProcess } from './nats-server-process.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'nats-process-'))));
afterEach(async () => rm(folder, { recursive: true, force: true }));

const program = findNatsServer(process.env);

test('a broker that dies is started again on the same address', async () => {
  const server = await NatsServerProcess.start(program, folder);
  try {
    const [first, url] = [server.pid!, server.url];
    process.kill(first, 'SIGKILL');
    await eventually('another process', () => server.pid !== first && isRunning(server.pid!));
    expect(server.url).toBe(url);
  } finally {
    await server.stop();
  }
  expect(isRunning(server.pid!)).toBe(false);
});

test('the broker of a killed platform is ended before the next one starts', async () => {
  const script = `
    const { NatsServerProcess } = await import(${JSON.stringify(join(import.meta.dirname, '../dist/nats-server-process.js'))});
    console.log((await NatsServerProcess.start(${JSON.stringify(program)}, ${JSON.stringify(folder)})).pid);
    process.kill(process.pid, 'SIGKILL');
  `;
  const killed = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { encoding: 'utf8', timeout: 120_000 });
  expect(killed.signal).toBe('SIGKILL');
  const old = Number(killed.stdout);
  expect(old).toBeGreaterThan(1);
  const server = await NatsServerProcess.start(program, folder);
  try {
    expect(isRunning(old)).toBe(false);
    expect(isRunning(server.pid!)).toBe(true);
  } finally {
    await server.stop();
  }
});

test('its settings keep what was acknowledged, and strangers out', async () => {
  const server = await NatsServerProcess.start(program, folder);
  await server.stop();
  const config = await readFile(join(folder, 'nats.conf'), 'utf8');
  expect(config).toContain('sync_interval: always');
  expect(config).toContain('127.0.0.1');
  expect(config).toContain(server.token);
});

test('a program that does not start says why', async () => {
  const broken = join(folder, 'nats-server');
  await writeFile(broken, '#!/bin/sh\necho "no disk" >&2\nexit 3\n');
  await chmod(broken, 0o755);
  await expect(NatsServerProcess.start(broken, folder)).rejects.toThrow(/it ended \(3\):\nno disk/);
  expect(() => findNatsServer({ PATH: '/nonexistent', TUNESMITH_NATS_SERVER: '/nonexistent/nats' })).toThrow(/TUNESMITH_NATS_SERVER/);
});

/** One that has ended, and that nobody has looked after yet, runs no more. */
function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
