import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../errors/code-of.js';

/** Empty folders for attempts, below one folder of this process. What a killed process left is removed at the next start. */
export class ScratchFolders {
  private readonly mine: string;

  constructor(private readonly root: string, private readonly service: string) {
    this.mine = join(root, `${service}.${process.pid}`);
  }

  /** Removes the folders of processes that are gone. */
  async sweep(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    for (const name of names) {
      const [service, pid] = name.split('.');
      if (service === this.service && Number(pid) !== process.pid && !isAlive(Number(pid))) await rm(join(this.root, name), { recursive: true, force: true });
    }
  }

  async make(name: string): Promise<AsyncDisposable & { readonly path: string }> {
    await mkdir(this.mine, { recursive: true });
    const path = await mkdtemp(join(this.mine, `${name}-`));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
