import BetterSqlite3 from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../errors/code-of.js';
import { PlatformError } from '../errors/platform-error.js';

export class HomeLockedError extends PlatformError {}

/**
 * Makes this process the only platform on a home folder. The lock is SQLite's lock on a file: the system drops it when
 * the process ends, however it ends, so it is never stale.
 *
 * @throws HomeLockedError when another process holds it; the message names its process id.
 */
export function lockHome(home: string): { release(): void } {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const owner = join(home, 'platform.pid');
  const database = new BetterSqlite3(join(home, 'platform.lock'), { timeout: 0 });
  try {
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!String(codeOf(error)).startsWith('SQLITE_BUSY')) throw error;
    const holder = readOwner(owner);
    throw new HomeLockedError({
      code: 'home-locked', cause: error, facts: { home, ...(holder ? { pid: Number(holder) } : {}) },
      message: `Expected to be the only platform on ${home}; ${holder ? `process ${holder}` : 'another process'} runs one there. Use it, stop it, or set TUNESMITH_HOME to another folder.`,
    });
  }
  writeFileSync(owner, String(process.pid));
  return {
    release: () => {
      if (!database.open) return;
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

function readOwner(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
