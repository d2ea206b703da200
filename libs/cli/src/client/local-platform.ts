import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { CommandError } from '../errors.js';

/** What a running platform writes into its home folder. */
export interface PlatformFile {
  readonly pid: number;
  readonly url: string;
  readonly version: string;
}

/** The platform that runs on this home folder, or undefined: its file may be left over from one that was killed. */
export async function findLocalPlatform(home: string): Promise<PlatformFile | undefined> {
  const platform = await readPlatformFile(home);
  return platform && isAlive(platform.pid) && (await answers(platform.url, '/healthz')) ? platform : undefined;
}

export async function readPlatformFile(home: string): Promise<PlatformFile | undefined> {
  try {
    const value = JSON.parse(await readFile(join(home, 'platform.json'), 'utf8')) as Partial<PlatformFile>;
    return typeof value.pid === 'number' && typeof value.url === 'string' ? { pid: value.pid, url: value.url, version: value.version ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

export async function readToken(home: string): Promise<string> {
  const path = join(home, 'token');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new CommandError({
      message: `expected to read the platform's token at ${path}; ${(cause as Error).message}`,
      code: 'token-unreadable',
      attempts: ['run as the user who started the platform', 'tunesmith down && tunesmith up --detach'],
      cause,
    });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether GET `path` answers 200 within ten seconds. */
export function answers(url: string, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = get(new URL(path, url), { timeout: 10_000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(false));
  });
}
