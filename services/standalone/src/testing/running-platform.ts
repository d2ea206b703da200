import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef, RunView } from '@tunesmith/contracts';
import { eventually, temporaryFolder } from '@tunesmith/tests-support';
import { startStandalone, type Standalone } from '../start-standalone.js';

/** A standalone platform in a folder of its own, and what a spec asks of it over HTTP. Dispose of it. */
export class RunningPlatform {
  private constructor(private readonly temporary: Awaited<ReturnType<typeof temporaryFolder>>, private readonly platform: Standalone) {}

  static async start(name: string): Promise<RunningPlatform> {
    const folder = await temporaryFolder(name);
    return new RunningPlatform(folder, await startStandalone({ PATH: process.env['PATH'], TUNESMITH_HOME: join(folder.path, 'home'), TUNESMITH_WORKER_THREADS: '1' }, false));
  }

  /** Beside the platform's home, for files of the spec. */
  get folder(): string {
    return this.temporary.path;
  }

  async ask(method: string, path: string, body?: object): Promise<Response> {
    const token = (await readFile(join(this.folder, 'home/token'), 'utf8')).trim();
    const answer = await fetch(this.platform.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  }

  /** Starts a run and waits until all its steps have succeeded. */
  async ran(body: object): Promise<RunView> {
    const { id } = (await (await this.ask('POST', '/v1/runs', body)).json()) as RunView;
    const run = await eventually('the run', async () => {
      const view = (await (await this.ask('GET', `/v1/runs/${id}`)).json()) as RunView;
      return view.status === 'running' ? undefined : view;
    }, { every: 100 });
    expect(run.steps.filter(({ status }) => status !== 'succeeded').map(({ name, error }) => [name, error])).toEqual([]);
    return run;
  }

  async fileOf(artifact: ArtifactRef | undefined, path: string): Promise<string> {
    return (await this.ask('GET', `/v1/artifacts/${artifact!.digest}/files/${path}`)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform.stop();
    await this.temporary[Symbol.asyncDispose]();
  }
}
