import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '@tunesmith/platform';

/** `TUNESMITH_NATS_SERVER`, else nats-server on PATH, else the one that bootstrap fetched. @throws PlatformError */
export function findNatsServer(environment: NodeJS.ProcessEnv): string {
  const given = environment['TUNESMITH_NATS_SERVER'];
  if (given !== undefined) {
    if (isProgram(given)) return given;
    throw new PlatformError({ code: 'nats-server-missing', message: `TUNESMITH_NATS_SERVER: expected the path of a nats-server program; got "${given}"` });
  }
  const name = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
  const folders = [...(environment['PATH'] ?? '').split(delimiter).filter(Boolean), fileURLToPath(new URL('../../../.toolchain/bin', import.meta.url))];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found) return found;
  throw new PlatformError({ code: 'nats-server-missing', message: 'expected nats-server on PATH or in .toolchain/bin; it is in neither; run npm run bootstrap, or set TUNESMITH_NATS_SERVER' });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
