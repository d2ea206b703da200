import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../errors.js';
import { installationRoot } from '../installation.js';
import { answers, isAlive, readPlatformFile, type PlatformFile } from './local-platform.js';
import { whyNotWritable } from './why-not-writable.js';

/** A first start creates the databases and streams; later ones take a second or two, and much longer on a machine with much else to do. */
const startMilliseconds = 180_000;
const pollMilliseconds = 50;

/** Starts the platform in the background and waits until it is ready. The log stands in `logs/platform.log` of the home folder. */
export async function startPlatform(home: string, environment: NodeJS.ProcessEnv): Promise<PlatformFile> {
  const logFile = prepareHome(home);
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
  const log = openLog(home, logFile);
  // Its own session: Ctrl-C in this terminal must not stop the platform.
  const child = spawn(process.execPath, [platformMain()], { detached: true, stdio: ['ignore', log, log], env: { ...environment, TUNESMITH_HOME: home } });
  closeSync(log);
  child.unref();
  // Two commands may start a platform at the same moment: the one that comes second finds the home folder taken and ends.
  const platform = await waitUntilReady(child, home, async () => (await readFrom(logFile, logStart)).includes('(home-locked)'));
  if (platform) return platform;
  const exit = child.exitCode ?? child.signalCode;
  if (exit === null && child.pid) process.kill(child.pid, 'SIGTERM');
  const unwritable = await whyNotWritable(home);
  throw new CommandError({
    message: `expected the platform to be ready within ${startMilliseconds / 1000} s; ${exit === null ? 'it was not' : `it ended (${exit})`}${unwritable ? `, because ${unwritable.reason}` : ''}\n${lastLines(await readFrom(logFile, logStart))}`,
    code: unwritable ? 'home-not-writable' : 'platform-start-failed',
    attempts: [...(unwritable?.attempts ?? [`less ${logFile}`]), 'tunesmith doctor'],
    facts: { home, log: logFile },
  });
}

/** Runs the platform as a child of this command, its log on stderr. The caller stops it; by the channel between them it hears when this command is gone, and stops too. */
export function startForegroundPlatform(home: string, environment: NodeJS.ProcessEnv): ChildProcess {
  prepareHome(home);
  return spawn(process.execPath, [platformMain()], { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...environment, TUNESMITH_HOME: home } });
}

/** The platform once it is ready; undefined when it ended (and `another` does not say that another one is on its way) or was not ready in time. */
export async function waitUntilReady(child: ChildProcess, home: string, another: () => Promise<boolean> = async () => false): Promise<PlatformFile | undefined> {
  let failed = false;
  child.on('error', () => (failed = true));
  const deadline = Date.now() + startMilliseconds;
  while (Date.now() < deadline) {
    const platform = await readPlatformFile(home);
    if (platform && isAlive(platform.pid) && (await answers(platform.url, '/readyz'))) return platform;
    if ((failed || child.exitCode !== null || child.signalCode !== null) && !(await another())) return undefined;
    await sleep(pollMilliseconds);
  }
  return undefined;
}

function platformMain(): string {
  const main = join(installationRoot, 'services/standalone/dist/main.js');
  if (!existsSync(main)) {
    throw new CommandError({ message: `expected the built platform at ${main}; it is not there`, code: 'not-built', attempts: [`(cd ${installationRoot} && npm run bootstrap)`] });
  }
  return main;
}

function prepareHome(home: string): string {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw homeNotWritable(home, cause);
  }
  return join(home, 'logs/platform.log');
}

function openLog(home: string, path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw homeNotWritable(home, cause);
  }
}

function homeNotWritable(home: string, cause: unknown): CommandError {
  return new CommandError({
    message: `expected a home folder to write to at ${home}; ${(cause as Error).message}`,
    code: 'home-not-writable',
    attempts: ['set TUNESMITH_HOME to a folder of your own', 'tunesmith doctor'],
    cause,
  });
}

/** What was written into the log after `start`; of much, the end. */
async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const from = Math.max(start, size - 16_384);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

function lastLines(text: string, count = 15): string {
  if (text.trim() === '') return '  (its log is empty)';
  return text.trimEnd().split('\n').slice(-count).map((line) => `  | ${line}`).join('\n');
}
