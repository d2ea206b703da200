import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '4.32.5';

/** The program `schemathesis` in a Python environment of its own, made on the first call (about a minute) in the user's cache. */
export async function schemathesis(): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tunesmith', 'peers');
  const environment = join(cache, `schemathesis-${version}`);
  const program = join(environment, 'bin', 'schemathesis');
  if (existsSync(join(environment, 'complete'))) return program;
  await mkdir(cache, { recursive: true });
  await rm(environment, { recursive: true, force: true });
  // A virtual environment cannot be moved, so that a mark made last says that it is whole.
  await run('python3', ['-m', 'venv', environment]);
  await run(join(environment, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `schemathesis==${version}`], { maxBuffer: 1 << 26 });
  await mkdir(join(environment, 'complete.part'));
  await rename(join(environment, 'complete.part'), join(environment, 'complete'));
  return program;
}
