import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { commandFile, type CommandResult } from './command.js';

/** Without the rights of root a user namespace gives them, where the system allows one. */
const [enter, open] = process.getuid?.() === 0 ? [['--mount'], ['--mount']] : [['--user', '--preserve-credentials', '--mount'], ['--user', '--map-root-user', '--mount']];

/** Whether this machine lets a test mount a file system of its own. */
export function canMount(): boolean {
  return spawnSync('unshare', [...open, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' }).status === 0;
}

/** A disk of a few megabytes, mounted where only the processes of `command` see it; it is gone with the last of them, so no mount stays behind. */
export class SmallDisk implements AsyncDisposable {
  private constructor(readonly path: string, private readonly keeper: ReturnType<typeof spawn>, private readonly remove: () => Promise<void>) {}

  static async mount(megabytes: number): Promise<SmallDisk> {
    const folder = await temporaryFolder('small-disk');
    const script = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && echo mounted && exec sleep 600`;
    const keeper = spawn('unshare', [...open, 'sh', '-c', script, 'sh', folder.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(keeper.stdout!, 'data');
    return new SmallDisk(folder.path, keeper, folder.remove);
  }

  /** Runs the built `tunesmith` where the disk is. */
  command(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandResult> {
    return this.inside({ ...process.env, ...environment }, process.execPath, commandFile, ...args);
  }

  /** Fills the disk but for so many kilobytes. */
  async fill(rest: number): Promise<void> {
    const { code, stderr } = await this.inside(process.env, 'sh', '-c', `dd if=/dev/zero of="$1" bs=4k 2>/dev/null; truncate -s -${rest}K "$1"`, 'sh', join(this.path, 'filler'));
    if (code !== 0) throw new Error(`the disk could not be filled: ${stderr}`);
  }

  /** Takes away what filled it. */
  async free(): Promise<void> {
    await this.inside(process.env, 'rm', join(this.path, 'filler'));
  }

  private inside(env: NodeJS.ProcessEnv, ...command: string[]): Promise<CommandResult> {
    return new Promise((resolve) => {
      execFile('nsenter', ['--target', String(this.keeper.pid), ...enter, ...command], { env }, (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : null) : 0, stdout, stderr }),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.keeper.kill();
    await this.remove();
  }
}
