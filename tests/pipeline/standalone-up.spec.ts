import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { eventually, writeTinyModel } from '@tunesmith/tests-support';
import { commandFile } from './command.js';
import { isAlive, Standalone } from './standalone.js';

// `tunesmith up` in the foreground: what it was started with reaches its workers, and nothing outlives it.

let platform: Standalone;
beforeAll(async () => {
  platform = await Standalone.prepare();
  await writeTinyModel(platform.at('tiny'));
});
afterAll(() => platform?.[Symbol.asyncDispose]());

/** Started, ready, and with a worker that has worked. */
async function up(): Promise<{ command: ChildProcess; pid: number; workers: number[] }> {
  const command = spawn('nice', ['-n', '5', process.execPath, commandFile, 'up'], { env: { ...process.env, ...platform.environment }, stdio: 'ignore' });
  await eventually('the platform', async () => existsSync(join(platform.home, 'platform.json')) && isAlive(await platform.pid()));
  await platform.run('chat', platform.at('tiny'), '--prompt', 'Who?', '--max-new-tokens', '2');
  const workers = (await Promise.all(['registry', 'evaluator'].map((service) => platform.workers(service)))).flat();
  expect(workers.length).toBeGreaterThan(0);
  return { command, pid: await platform.pid(), workers };
}

const gone = (pids: readonly number[]) => eventually('all of it to be gone', () => !pids.some(isAlive) && platform.leftOvers().length === 0);

test('workers are as nice as the command that started the platform, and Linux weighs their session so', async () => {
  const { command, pid, workers } = await up();
  for (const each of [pid, ...workers]) {
    expect(getPriority(each)).toBe(5 + getPriority());
    if (existsSync(`/proc/${each}/autogroup`)) expect(await readFile(`/proc/${each}/autogroup`, 'utf8')).toMatch(new RegExp(` nice ${5 + getPriority()}$`, 'm'));
  }
  command.kill('SIGINT');
  await gone([command.pid!, pid, ...workers]);
});

test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('%s to the command ends the platform, its workers and its broker', async (signal) => {
  const { command, pid, workers } = await up();
  const broker = await platform.brokerPid();
  command.kill(signal);
  await gone([command.pid!, pid, broker, ...workers]);
});

test('a platform that is stopped while it starts leaves nothing', async () => {
  const command = spawn(process.execPath, [commandFile, 'up'], { env: { ...process.env, ...platform.environment }, stdio: 'ignore' });
  await eventually('its broker', () => platform.leftOvers().length > 0);
  command.kill('SIGTERM');
  await eventually('the command to have ended', () => command.exitCode !== null || command.signalCode !== null);
  await gone([command.pid!]);
});
