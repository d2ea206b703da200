import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this installation: where `tunesmith`, `services/` and `node_modules/` are. */
export const installationRoot = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

export function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(join(installationRoot, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** Where the local platform keeps its state: `$TUNESMITH_HOME`, else `~/.tunesmith`. */
export function homeFolder(environment: NodeJS.ProcessEnv): string {
  return resolve(environment['TUNESMITH_HOME'] || join(homedir(), '.tunesmith'));
}
