import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';

/** A server that a test needs is not on this machine. */
export class MissingServerError extends Error {
  override readonly name = 'MissingServerError';
}

/** The root folder of the repository. */
export const repositoryRoot = join(import.meta.dirname, '..', '..', '..');

/** The first of the paths, or the program of that name on PATH. */
export function findProgram(name: string, ...paths: string[]): string | undefined {
  const candidates = [...paths, ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))];
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface ServerProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Resolves when the server answers; called again until then. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithin?: number;
}

const running = new Set<ChildProcess>();
let exitHookIsSet = false;

/** A child process that is a server. It never outlives the process that started it by more than an ordinary exit. */
export class ServerProcess {
  private constructor(private readonly child: ChildProcess, private readonly lines: string[], private readonly exited: Promise<void>, readonly name: string) {}

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const { name, program, args } = options;
    const child = spawn(program, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd, env: { ...process.env, ...options.environment },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
    });
    running.add(child);
    if (!exitHookIsSet) {
      exitHookIsSet = true;
      process.once('exit', () => running.forEach((each) => each.kill('SIGKILL')));
    }
    const lines: string[] = [];
    const keep = (chunk: Buffer): void => {
      lines.push(chunk.toString());
      if (lines.length > 1000) lines.splice(0, 500);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        lines.push(String(error));
        resolve();
      });
    }).then(() => void running.delete(child));
    const server = new ServerProcess(child, lines, exited, name);
    await server.waitUntilReady(options.ready, options.readyWithin ?? 120_000);
    return server;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get log(): string {
    return this.lines.join('');
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks the server to stop, kills it if it does not within `patience` milliseconds, and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patience = 10_000): Promise<void> {
    if (!this.alive) return;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), patience);
    await this.exited;
    clearTimeout(timer);
  }

  private async waitUntilReady(ready: () => Promise<boolean>, within: number): Promise<void> {
    const deadline = performance.now() + within;
    while (!(await ready().catch(() => false))) {
      const failed = !this.alive;
      if (failed || performance.now() > deadline) {
        await this.stop('SIGKILL');
        throw new Error(`${this.name} ${failed ? 'ended before it answered' : `did not answer within ${within} ms`}:\n${this.log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Whether something accepts connections at this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
