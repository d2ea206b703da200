import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { PlatformError } from '@tunesmith/platform';

const startMilliseconds = 60_000;
const stopMilliseconds = 10_000;
/** Between two starts of a server that keeps dying: doubles up to this. */
const longestRestartMilliseconds = 10_000;

/**
 * The embedded broker: nats-server as a child process, its store in `folder`, reachable from this machine with a token that only this
 * start knows. When it dies it is started again on the same port.
 */
export class NatsServerProcess {
  private readonly logger = new Logger('NatsServer');
  private child: ChildProcess | undefined;
  private stopping = false;
  private restarts = 0;

  private constructor(private readonly program: string, private readonly folder: string, private readonly port: number, readonly token: string) {}

  /** @throws PlatformError where it does not answer in time, with its last lines. */
  static async start(program: string, folder: string): Promise<NatsServerProcess> {
    mkdirSync(join(folder, 'store'), { recursive: true, mode: 0o700 });
    await endLeftOver(folder);
    const server = new NatsServerProcess(program, folder, await freePort(), randomBytes(24).toString('hex'));
    try {
      await server.run();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopMilliseconds);
      await ended;
      clearTimeout(late);
    }
    rmSync(pidFile(this.folder), { force: true });
  }

  private async run(): Promise<void> {
    const lines: string[] = [];
    writeFileSync(configFile(this.folder), this.config(), { mode: 0o600 });
    const child = spawn(this.program, ['--config', configFile(this.folder)], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter(Boolean));
      lines.splice(0, lines.length - 20);
    });
    let failure: Error | undefined;
    child.on('error', (error) => (failure = error));
    // A process that ends without stopping it must not leave it behind.
    const endWithUs = (): void => void child.kill('SIGTERM');
    process.once('exit', endWithUs);
    child.once('exit', () => process.off('exit', endWithUs));
    if (child.pid !== undefined) writeFileSync(pidFile(this.folder), String(child.pid));
    const deadline = performance.now() + startMilliseconds;
    while (!(await this.answers())) {
      const ended = child.exitCode ?? child.signalCode;
      if (failure ?? (ended !== null || performance.now() > deadline)) {
        throw new PlatformError({
          code: 'nats-server-not-started', cause: failure,
          message: `expected ${this.program} to answer at ${this.url} within ${startMilliseconds / 1000} s; ${failure?.message ?? (ended === null ? 'it did not' : `it ended (${ended})`)}${lines.length > 0 ? `:\n${lines.join('\n')}` : ''}`,
        });
      }
      await sleep(20);
    }
    const ready = performance.now();
    const ended = (how: number | string | null): void => {
      if (performance.now() - ready > longestRestartMilliseconds) this.restarts = 0;
      this.startAgain(`it ended (${how})${lines.length > 0 ? `; its last line: ${lines.at(-1)}` : ''}`);
    };
    if (child.exitCode === null && child.signalCode === null) child.once('exit', (code, signal) => ended(code ?? signal));
    else ended(child.exitCode ?? child.signalCode);
  }

  private startAgain(reason: string): void {
    if (this.stopping) return;
    const pause = Math.min(100 * 2 ** this.restarts, longestRestartMilliseconds);
    this.restarts += 1;
    this.logger.warn(`the broker is gone: ${reason}; starting it again in ${pause} ms`);
    setTimeout(() => {
      if (!this.stopping) this.run().catch((error: unknown) => this.startAgain(error instanceof Error ? error.message : String(error)));
    }, pause).unref();
  }

  private config(): string {
    return [
      `listen: "127.0.0.1:${this.port}"`,
      'server_name: "tunesmith"',
      `authorization { token: "${this.token}" }`,
      'logtime: false',
      'jetstream {',
      `  store_dir: ${JSON.stringify(join(this.folder, 'store'))}`,
      '  max_memory_store: 0',
      // What the streams may hold at most, and more. The default is three quarters of what is free at the start: on a disk that is nearly full
      // the streams would not fit into it, and the platform could not start to free anything.
      '  max_file_store: 16GB',
      // The default syncs every two minutes and acknowledges before: a power cut would lose what it acknowledged.
      '  sync_interval: always',
      '}',
      '',
    ].join('\n');
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const end = (answer: boolean): void => {
        socket.destroy();
        resolve(answer);
      };
      // The server speaks first.
      socket.once('data', (data) => end(data.toString('latin1').startsWith('INFO ')));
      socket.once('error', () => end(false));
      socket.setTimeout(1000, () => end(false));
    });
  }
}

const configFile = (folder: string): string => join(folder, 'nats.conf');
const pidFile = (folder: string): string => join(folder, 'nats.pid');

/** A platform that was killed leaves its broker running; two of them on one store would destroy it. */
async function endLeftOver(folder: string): Promise<void> {
  const pid = Number(readText(pidFile(folder)));
  if (!Number.isInteger(pid) || pid <= 1 || !commandLineOf(pid).includes(configFile(folder))) return;
  new Logger('NatsServer').warn(`ending the broker ${pid} that a killed platform left behind`);
  for (const deadline = performance.now() + stopMilliseconds; isAlive(pid, performance.now() > deadline - stopMilliseconds / 2 ? 'SIGKILL' : 'SIGTERM'); ) {
    if (performance.now() > deadline) throw new PlatformError({ code: 'nats-server-left-over', message: `expected the broker of a killed platform (process ${pid}) to end; it still runs; run kill -9 ${pid}`, facts: { pid } });
    await sleep(50);
  }
}

function isAlive(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return !readText(`/proc/${pid}/stat`)?.includes(') Z ');
  } catch {
    return false;
  }
}

/** Of a process that may be anybody's by now. */
function commandLineOf(pid: number): string {
  return readText(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Below those that systems give to outgoing connections: one of them might be taken again before the broker listens there, or while it is started again. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
