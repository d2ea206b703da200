import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceNames, type ServiceName } from '@tunesmith/contracts';
import { freePort, NatsServer, repositoryRoot, ServerProcess, startMinio, startOtlpReceiver, startPostgres, temporaryFolder, type OtlpReceiver } from '@tunesmith/tests-support';

/** The six services as processes of their own, over a real nats-server, PostgreSQL and MinIO, with traces to a real OTLP receiver. */
export class Cluster implements AsyncDisposable {
  private constructor(
    private readonly stack: AsyncDisposableStack,
    private readonly services: Map<ServiceName, ServerProcess>,
    readonly nats: NatsServer,
    readonly traces: OtlpReceiver,
    readonly folder: string,
    readonly url: string,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  static async start(): Promise<Cluster> {
    await using starting = new AsyncDisposableStack();
    const folder = await temporaryFolder('cluster');
    starting.defer(() => folder.remove());
    const nats = starting.use(await NatsServer.start());
    const postgres = starting.use(await startPostgres());
    const minio = starting.use(await startMinio());
    const traces = starting.use(await startOtlpReceiver());
    const port = await freePort();
    const variables = {
      TUNESMITH_NATS_URL: nats.url,
      TUNESMITH_DATABASE_URL: postgres.url,
      TUNESMITH_ARTIFACTS: minio.artifacts('tunesmith'),
      TUNESMITH_S3_ACCESS_KEY: minio.accessKey,
      TUNESMITH_S3_SECRET_KEY: minio.secretKey,
      OTEL_EXPORTER_OTLP_ENDPOINT: traces.url,
      TUNESMITH_WORKER_THREADS: '1',
      // A killed service is noticed within seconds here, not within a minute; a machine with much else to do may lose leases by it.
      TUNESMITH_JOB_LEASE_MS: '8000',
      TUNESMITH_JOB_ATTEMPTS: '20',
      TUNESMITH_HTTP_PORT: String(port),
    };
    const cluster = new Cluster(new AsyncDisposableStack(), new Map(), nats, traces, folder.path, `http://127.0.0.1:${port}`, variables);
    starting.defer(() => cluster.stopServices());
    await cluster.startService('registry');
    for (const name of serviceNames.filter((each) => each !== 'registry')) await cluster.startService(name);
    cluster.stack.use(starting.move());
    return cluster;
  }

  async startService(name: ServiceName): Promise<void> {
    const home = join(this.folder, name);
    await mkdir(home, { recursive: true });
    const { TUNESMITH_HTTP_PORT, ...shared } = this.variables;
    const environment = { ...shared, TUNESMITH_HOME: home, TUNESMITH_TOKEN_FILE: join(this.folder, 'token'), ...(name === 'registry' ? { TUNESMITH_HTTP_PORT } : {}) };
    const ready = name === 'registry' ? async () => (await fetch(`${this.url}/readyz`)).ok : async () => true;
    this.services.set(name, await ServerProcess.start({ name, program: process.execPath, args: ['--enable-source-maps', join(repositoryRoot, 'services', name, 'dist/main.js')], environment, ready }));
  }

  /** Kills a service without warning. */
  async kill(name: ServiceName): Promise<void> {
    await this.services.get(name)?.stop('SIGKILL');
  }

  /** What a client needs to find this platform. */
  async clientEnvironment(): Promise<NodeJS.ProcessEnv> {
    return { TUNESMITH_URL: this.url, TUNESMITH_TOKEN: (await readFile(join(this.folder, 'token'), 'utf8')).trim(), TUNESMITH_HOME: join(this.folder, 'client') };
  }

  /** What every service has written, for the message of a failed test. */
  logs(): string {
    return [...this.services].map(([name, { log }]) => `== ${name}\n${log.slice(-4000)}`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }

  private async stopServices(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.stop()));
  }
}
