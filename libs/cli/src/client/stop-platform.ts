import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../errors.js';
import { answers, isAlive, readPlatformFile, type PlatformFile } from './local-platform.js';

/** Running jobs are given back and the databases closed within this time. */
const stopMilliseconds = 30_000;

/** Asks the platform of this home folder to stop and waits until it has; undefined when none was running. */
export async function stopPlatform(home: string): Promise<PlatformFile | undefined> {
  const platform = await readPlatformFile(home);
  // The file of a killed platform may name a process number that something else has by now.
  if (!platform || !isAlive(platform.pid) || !((await answers(platform.url, '/healthz')) || (await looksLikePlatform(platform.pid)))) return undefined;
  process.kill(platform.pid, 'SIGTERM');
  const deadline = Date.now() + stopMilliseconds;
  while (isAlive(platform.pid)) {
    if (Date.now() > deadline) {
      throw new CommandError({
        message: `expected the platform (process ${platform.pid}) to stop within ${stopMilliseconds / 1000} s; it still runs`,
        code: 'platform-not-stopping',
        attempts: [`kill -9 ${platform.pid}`],
      });
    }
    await sleep(50);
  }
  return platform;
}

async function looksLikePlatform(pid: number): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('services/standalone');
  } catch {
    return false;
  }
}
