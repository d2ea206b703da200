import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newId, type ArtifactKind, type ArtifactRef, type StepKind } from '@tunesmith/contracts';
import type { JobEntity, RunningService, ServiceOptions } from '@tunesmith/platform';
import { eventually } from './eventually.js';
import { NatsServer } from './nats-server.js';
import { temporaryFolder } from './temporary-folder.js';

/**
 * One service with its real handlers over a real broker, database, artifact store and worker processes; only the domain functions in the
 * workers are replaced by an echo. For specs of handlers: what goes to the worker, and what becomes of its result.
 */
export class JobBench implements AsyncDisposable {
  private constructor(private readonly platform: typeof import('@tunesmith/platform'), private readonly nats: NatsServer, readonly service: RunningService, readonly home: string, private readonly removeHome: () => Promise<void>) {}

  static async start(options: Pick<ServiceOptions, 'service' | 'handlers'>): Promise<JobBench> {
    // Loaded only here: most specs that need this room do not need all of platform.
    const platform = await import('@tunesmith/platform');
    const home = await temporaryFolder('job-bench');
    const nats = await NatsServer.start();
    const module = platform.PlatformModule.forService({ ...options, workerModule: new URL('./echo-worker.mjs', import.meta.url) });
    const environment = { TUNESMITH_HOME: home.path, TUNESMITH_NATS_URL: nats.url, TUNESMITH_WORKER_THREADS: '1', TUNESMITH_JOB_ATTEMPTS: '1' };
    return new JobBench(platform, nats, await platform.startService(module, { environment, logger: process.env['TUNESMITH_TEST_LOG'] ? ['log', 'warn', 'error'] : false }), home.path, home.remove);
  }

  /** A file outside the store, with `result.json` beside it. */
  async file(name: string, content: string, result: unknown = {}): Promise<string> {
    const folder = await mkdtemp(join(this.home, 'outside-'));
    await writeFile(join(folder, name), content);
    await writeFile(join(folder, 'result.json'), JSON.stringify(result));
    return join(folder, name);
  }

  /** An artifact of these files. `result.json` in it is what the echo returns. */
  async artifact(kind: ArtifactKind, files: Readonly<Record<string, unknown>>): Promise<ArtifactRef> {
    const folder = await mkdtemp(join(this.home, 'artifact-'));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return this.service.get(this.platform.ArtifactStore).store(folder, kind);
  }

  /** The JSON of a file of an artifact. */
  async read<Value>(artifact: ArtifactRef | undefined, path: string): Promise<Value> {
    if (!artifact) throw new Error(`expected an artifact to read ${path} of; got none`);
    return JSON.parse(Buffer.from(await this.service.get(this.platform.ArtifactStore).readFile(artifact, path)).toString('utf8')) as Value;
  }

  /** Requests a job as the registry does and returns its row when it has ended. */
  async run(kind: StepKind, spec: object): Promise<JobEntity> {
    const { Database, JobEntity, Outbox } = this.platform;
    const jobId = newId();
    const database = this.service.get(Database);
    await database.transaction((transaction) => this.service.get(Outbox).send(transaction, kind.events!.requested, { jobId, runId: newId(), step: 'step', spec: kind.spec.parse(spec) }, { id: jobId }));
    return eventually(`the job of ${kind.name}`, async () => {
      const job = await database.dataSource.manager.findOneBy(JobEntity, { id: jobId });
      return job && ['succeeded', 'failed', 'cancelled'].includes(job.status) ? job : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
    await this.nats[Symbol.asyncDispose]();
    await this.removeHome();
  }
}
