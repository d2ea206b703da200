import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, type Type } from '@nestjs/common';
import { newId, serviceNames, stepKinds, type ArtifactKind, type ArtifactRef, type JobMetrics, type RunView, type ServiceName, type StepKind } from '@tunesmith/contracts';
import { ArtifactStore, Database, HandlesJob, PlatformModule, startService, WorkerPool, type JobHandler, type JobResult, type RunningJob, type RunningService } from '@tunesmith/platform';
import { eventually, NatsServer, temporaryFolder } from '@tunesmith/tests-support';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { serveApi } from '../http/serve-api.js';
import { ModelsRepository } from '../models/models.repository.js';
import { RegistryModule } from '../registry.module.js';

/** What a job does instead of domain work. */
export interface TinyWork {
  /** Of the artifacts that it makes. */
  readonly content?: string;
  readonly metrics?: JobMetrics;
  /** It ends once this file exists, however long that takes. */
  readonly until?: string;
  /** The message of the error that it ends with. */
  readonly failure?: string;
  /** Which outputs it makes; default: the first of its kind. */
  readonly outputs?: readonly string[];
}

interface TinyCall {
  readonly uses: string;
  readonly jobId: string;
  readonly step: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * A registry as it runs in production (SQLite, a real broker, HTTP), and five services whose jobs run in real worker processes with a
 * tiny function in the place of domain work.
 */
export class TinyPlatform implements AsyncDisposable {
  /** What the jobs of a kind do, by the word after `uses`. */
  readonly work = new Map<string, TinyWork | ((call: TinyCall) => TinyWork)>();
  /** Every time that a job was begun. */
  readonly calls: TinyCall[] = [];
  private readonly services = new Map<ServiceName, RunningService>();

  private constructor(readonly nats: NatsServer, readonly home: string, private readonly removeHome: () => Promise<void>, private readonly database: Record<string, string>) {}

  /** With the databases in SQLite files, or in the PostgreSQL at `databaseUrl`. */
  static async start({ databaseUrl }: { databaseUrl?: string } = {}): Promise<TinyPlatform> {
    const home = await temporaryFolder('tiny-platform');
    const platform = new TinyPlatform(await NatsServer.start(), home.path, home.remove, databaseUrl === undefined ? {} : { TUNESMITH_DATABASE_URL: databaseUrl });
    await platform.startRegistry();
    await Promise.all(serviceNames.filter((name) => name !== 'registry').map((name) => platform.startTiny(name)));
    return platform;
  }

  get registry(): RunningService {
    return this.services.get('registry')!;
  }

  get url(): string {
    return this.registry.url!;
  }

  async startRegistry(): Promise<void> {
    this.services.set('registry', await startService(RegistryModule, { ...serveApi, environment: { ...this.environment, TUNESMITH_HTTP_PORT: '0' }, logger: this.logger }));
  }

  async startTiny(service: ServiceName): Promise<void> {
    const kinds = stepKinds.filter((kind) => kind.owner === service && kind.events);
    const module = PlatformModule.forService({ service, workerModule: new URL('./tiny-worker.mjs', import.meta.url), handlers: kinds.map((kind) => this.handlerOf(kind)) });
    this.services.set(service, await startService(module, { environment: this.environment, logger: this.logger }));
  }

  async stop(service: ServiceName): Promise<void> {
    await this.services.get(service)?.close();
    this.services.delete(service);
  }

  /** An answer of the HTTP API, checked to be the expected status. */
  async request<Body>(method: string, path: string, body?: unknown, expected: number | null = null): Promise<Body> {
    const token = (await readFile(join(this.home, 'token'), 'utf8')).trim();
    const answer = await fetch(this.url + path, {
      method, headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (expected === null ? !answer.ok : answer.status !== expected) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Body;
  }

  startRun(steps: Record<string, { uses: string; needs?: string[]; with?: object }>): Promise<RunView> {
    return this.request('POST', '/v1/runs', { name: 'test', steps });
  }

  showRun(id: string): Promise<RunView> {
    return this.request('GET', `/v1/runs/${id}`);
  }

  /** The run once it has ended. */
  ended(id: string): Promise<RunView> {
    return eventually(`the end of run ${id}`, async () => {
      const run = await this.showRun(id);
      return run.status === 'running' ? undefined : run;
    });
  }

  /** Waits until a step of the run has been begun by a worker service. */
  begun(runId: string, step: string): Promise<TinyCall> {
    return eventually(`step ${step} to begin`, async () => {
      const { steps } = await this.showRun(runId);
      return this.calls.find(({ jobId }) => steps.some((each) => each.name === step && each.jobId === jobId));
    });
  }

  /** What holds jobs back until it is opened: `until` is for their work. */
  gate(): { readonly until: string; open(): Promise<void> } {
    const until = join(this.home, `gate-${newId()}`);
    return { until, open: () => writeFile(until, '') };
  }

  /** Registers a model with bytes of its own, as if it had been imported. */
  async registerModel(name: string, alias?: string): Promise<ArtifactRef> {
    const artifact = await this.storeArtifact(`model ${name}`, 'model');
    await this.registry.get(Database).transaction(async (transaction) => {
      await new ArtifactsRepository(transaction, 'default').record(artifact, 'llama', [], { runId: newId(), step: 'import' });
      const models = new ModelsRepository(transaction, 'default');
      const version = await models.register(name, artifact, 'llama', null);
      if (alias !== undefined) await models.setAlias(name, alias, version, null);
    });
    return artifact;
  }

  /** A file of this machine to import. */
  async file(name: string, content = name): Promise<string> {
    const path = join(this.home, 'outside', name);
    await mkdir(join(this.home, 'outside'), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.services.keys()].map((name) => this.stop(name)));
    await this.nats[Symbol.asyncDispose]();
    await this.removeHome();
  }

  private get environment(): Record<string, string> {
    return { ...this.database, TUNESMITH_HOME: this.home, TUNESMITH_NATS_URL: this.nats.url, TUNESMITH_WORKER_THREADS: '1', TUNESMITH_JOB_BACKOFF_MS: '20', TUNESMITH_WORKER_GRACE_MS: '200', TUNESMITH_JOB_CONCURRENCY: '4' };
  }

  private get logger(): ('log' | 'warn' | 'error')[] | false {
    return process.env['TUNESMITH_TEST_LOG'] ? ['log', 'warn', 'error'] : false;
  }

  private async storeArtifact(content: string, kind: ArtifactKind): Promise<ArtifactRef> {
    const folder = await temporaryFolder('artifact');
    await writeFile(join(folder.path, 'file'), content);
    const artifact = await this.registry.get(ArtifactStore).store(folder.path, kind);
    await folder.remove();
    return artifact;
  }

  private handlerOf(kind: StepKind): Type {
    const { work, calls } = this;
    class TinyHandler implements JobHandler {
      constructor(@Inject(ArtifactStore) private readonly artifacts: ArtifactStore, @Inject(WorkerPool) private readonly workers: WorkerPool) {}

      async handle(spec: Record<string, unknown>, job: RunningJob): Promise<JobResult> {
        const call = { uses: kind.name, jobId: job.jobId, step: job.step, spec };
        calls.push(call);
        const given = work.get(kind.name) ?? {};
        const { outputs = Object.keys(kind.outputs).slice(0, 1), content = `${kind.name}\n`, metrics = {}, ...behaviour } = typeof given === 'function' ? given(call) : given;
        await using scratch = await job.scratch();
        const outFolder = join(scratch.path, 'out');
        await this.workers.run('work', { outFolder, content, ...behaviour }, job);
        const made: Record<string, ArtifactRef> = {};
        for (const output of outputs) made[output] = await this.artifacts.store(outFolder, kind.outputs[output]!);
        return { outputs: made, metrics };
      }
    }
    HandlesJob(kind)(TinyHandler);
    return TinyHandler;
  }
}

