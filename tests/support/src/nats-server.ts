import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { accepts, findProgram, MissingServerError, repositoryRoot, ServerProcess } from './server-process.js';
import { temporaryFolder } from './temporary-folder.js';

/** A real nats-server with JetStream that syncs every message, as in production. */
export class NatsServer implements AsyncDisposable {
  private constructor(private server: ServerProcess, readonly port: number, private readonly folder: string, private readonly program: string, private readonly removeFolder: () => Promise<void>) {}

  static async start(): Promise<NatsServer> {
    const program = findProgram('nats-server', join(repositoryRoot, '.toolchain', 'bin', 'nats-server'));
    if (!program) throw new MissingServerError('expected nats-server in .toolchain/bin or on PATH; run npm run bootstrap');
    const folder = await temporaryFolder('nats');
    const port = await freePort();
    await writeFile(join(folder.path, 'nats.conf'), `listen: 127.0.0.1:${port}\nmax_payload: 1MB\njetstream {\n  store_dir: "${join(folder.path, 'store')}"\n  sync_interval: always\n}\n`);
    return new NatsServer(await NatsServer.run(program, folder.path, port), port, folder.path, program, folder.remove);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.server.pid;
  }

  /** Stops the server; the store stays. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    return this.server.stop(signal);
  }

  /** Starts it again on the same port, with an empty store if `wipe` is set. */
  async startAgain({ wipe = false }: { wipe?: boolean } = {}): Promise<void> {
    await this.server.stop('SIGKILL');
    if (wipe) await rm(join(this.folder, 'store'), { recursive: true, force: true });
    this.server = await NatsServer.run(this.program, this.folder, this.port);
  }

  /** Stands still, with its connections open, until `resume`. */
  pause(): void {
    this.server.signal('SIGSTOP');
  }

  resume(): void {
    this.server.signal('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop('SIGKILL');
    await this.removeFolder();
  }

  private static async run(program: string, folder: string, port: number): Promise<ServerProcess> {
    await mkdir(join(folder, 'store'), { recursive: true });
    return ServerProcess.start({ name: 'nats-server', program, args: ['--config', join(folder, 'nats.conf')], ready: () => accepts(port) });
  }
}
