import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty folder; `remove` deletes it with all it holds. */
export async function temporaryFolder(name = 'test'): Promise<AsyncDisposable & { readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `tunesmith-${name}-`));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 5 });
  return { path, remove, [Symbol.asyncDispose]: remove };
}
