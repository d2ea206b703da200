import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '@tunesmith/platform';

/** The one file of a folder; with `ending`, the one of those that end so. */
export async function onlyFileIn(folder: string, what: string, ending = ''): Promise<string> {
  const names = await readdir(folder);
  const found = names.filter((name) => name.toLowerCase().endsWith(ending));
  if (found.length === 1) return join(folder, found[0]!);
  throw new PlatformError({ code: 'not-one-file', message: `Expected one ${what}; got ${names.join(', ') || 'none'}.`, facts: { names } });
}
