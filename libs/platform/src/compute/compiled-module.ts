import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PlatformError } from '../errors/platform-error.js';

/**
 * The JavaScript of a module that a child process loads. Under a spec the caller runs from `src`, where only TypeScript is;
 * a child process runs what `tools/build.mjs` made in `dist`.
 */
export function compiledModule(url: URL): string {
  const path = fileURLToPath(url);
  const compiled = path.replace(/([/\\])src([/\\](?!.*[/\\]src[/\\]))/, '$1dist$2').replace(/\.ts$/, '.js');
  const found = [path.endsWith('.ts') ? compiled : path, compiled].find((candidate) => existsSync(candidate));
  if (!found) throw new PlatformError({ code: 'not-built', message: `Expected ${compiled}; it is not there. Run: node tools/build.mjs` });
  return found;
}
