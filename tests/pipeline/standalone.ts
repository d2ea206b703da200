import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { eventually, repositoryRoot, temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import type { RunView, StepView } from '@tunesmith/contracts';
import { commandFile, tunesmith, tunesmithResult, type CommandResult } from './command.js';

/** What a command that fails prints on stdout with `--json`. */
export interface ErrorDocument {
  readonly error: { readonly code: string; readonly message: string; readonly facts: Record<string, unknown> };
}

export interface StartedCommand {
  readonly child: ChildProcess;
  /** What it has written so far, both streams. */
  output(): string;
  readonly ended: Promise<{ code: number | null; output: string }>;
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * A platform of its own in a fresh home, started, used and stopped by the built command as by its user, and a folder for that user's
 * files. Pauses are short, so that what was killed is tried again within seconds; the lease is not, for a machine with much else to do.
 */
export class Standalone implements AsyncDisposable {
  private constructor(readonly home: string, readonly files: string, private readonly remove: () => Promise<void>, readonly environment: NodeJS.ProcessEnv) {}

  static async prepare(settings: NodeJS.ProcessEnv = {}): Promise<Standalone> {
    const home = await temporaryFolder('standalone');
    const files = await temporaryFolder('standalone-files');
    return new Standalone(home.path, files.path, async () => void (await Promise.all([home.remove(), files.remove()])), {
      TUNESMITH_HOME: home.path, TUNESMITH_WORKER_THREADS: '1', TUNESMITH_JOB_RENEW_MS: '1000', TUNESMITH_JOB_BACKOFF_MS: '200', TUNESMITH_WORKER_GRACE_MS: '1000',
      TUNESMITH_URL: undefined, TUNESMITH_TOKEN: undefined, TUNESMITH_HTTP_PORT: undefined, ...settings,
    });
  }

  /** With the tiny model registered as `tiny`, alias `prod`. */
  static async withTinyModel(settings: NodeJS.ProcessEnv = {}): Promise<Standalone> {
    const platform = await Standalone.prepare(settings);
    try {
      await writeTinyModel(platform.at('tiny'));
      await platform.run('model', 'import', platform.at('tiny'), '--name', 'tiny', '--alias', 'prod');
      return platform;
    } catch (error) {
      await platform[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A path in the user's folder. */
  at(name: string): string {
    return join(this.files, name);
  }

  async write(name: string, text: string | Uint8Array): Promise<string> {
    await writeFile(this.at(name), text);
    return this.at(name);
  }

  /** Runs a command with `--json` and returns its document; any exit code but 0 is an error. */
  run<Document = Record<string, never>>(...args: string[]): Promise<Document> {
    return tunesmith<Document>(this.environment, ...args);
  }

  /** Runs a command as it is. */
  result(...args: string[]): Promise<CommandResult> {
    return tunesmithResult(this.environment, ...args);
  }

  /** Runs a command that has to fail: its exit code, what a person reads, and its error as JSON. */
  async failure(...args: string[]): Promise<{ code: number | null; stderr: string; error: ErrorDocument['error'] }> {
    const { code, stdout, stderr } = await this.result(...args, '--json');
    if (code === 0) throw new Error(`tunesmith ${args.join(' ')} succeeded: ${stdout}`);
    return { code, stderr, error: (JSON.parse(stdout) as ErrorDocument).error };
  }

  /** Starts a command and returns before it ends, so that a test can interrupt it. */
  start(...args: string[]): StartedCommand {
    const child = spawn(process.execPath, [commandFile, ...args], { env: { ...process.env, ...this.environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return { child, output: () => output, ended: new Promise((resolve) => child.once('close', (code, signal) => resolve({ code: shellStatus(code, signal), output }))) };
  }

  /** The runs, newest first, asked over HTTP: quicker than a command where a test looks again and again. */
  async runs(): Promise<RunView[]> {
    const { url } = JSON.parse(await readFile(join(this.home, 'platform.json'), 'utf8')) as { url: string };
    const token = (await readFile(join(this.home, 'token'), 'utf8')).trim();
    const answer = await fetch(`${url}/v1/runs?limit=500`, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as RunView[];
  }

  /** Waits until a run of this recipe runs that is none of `others`. */
  runOf(recipe: string, others: readonly string[] = []): Promise<RunView> {
    return eventually(`a run of ${recipe}`, async () => (await this.runs()).find((run) => run.recipe === recipe && !others.includes(run.id)), { every: 20 });
  }

  /** Waits until a step runs; fails at once when it has ended already. */
  whenRunning(id: string, step: string): Promise<StepView> {
    return this.whenStep(id, step, ({ status }) => status === 'running');
  }

  async whenStep(id: string, name: string, holds: (step: StepView) => boolean): Promise<StepView> {
    const seen = await eventually(`step ${name} of run ${id}`, async () => {
      const run = (await this.runs()).find((each) => each.id === id);
      const step = run?.steps.find((each) => each.name === name);
      return step && (holds(step) || run?.status !== 'running') ? step : undefined;
    }, { every: 30 });
    if (!holds(seen)) throw new Error(`step ${name} is ${seen.status} before it was seen as expected: ${JSON.stringify(seen.error)}\n${await this.log()}`);
    return seen;
  }

  /** Follows a run by `run watch` to its end, whatever that is. */
  async ended(id: string): Promise<RunView> {
    const { code, stdout, stderr } = await this.result('run', 'watch', id, '--json');
    const document = JSON.parse(stdout) as RunView | ErrorDocument;
    if ('error' in document || code === null || code > 1) throw new Error(`run watch ${id} ended with ${code}: ${stderr}\n${await this.log()}`);
    return document;
  }

  /** The run once it has succeeded; an error with its failed steps and the platform's log where it has not. */
  async succeeded(id: string): Promise<RunView> {
    const run = await this.ended(id);
    if (run.status !== 'succeeded') throw new Error(`run ${id} ended ${run.status}: ${JSON.stringify(run.steps.filter(({ status }) => status !== 'succeeded'), null, 1)}\n${await this.log()}`);
    return run;
  }

  /** The last lines of the platform's log, for the message of a failed test. */
  async log(): Promise<string> {
    return (await readFile(join(this.home, 'logs/platform.log'), 'utf8').catch(() => '')).slice(-4000);
  }

  /** The process that serves this home. */
  async pid(): Promise<number> {
    return (JSON.parse(await readFile(join(this.home, 'platform.json'), 'utf8')) as { pid: number }).pid;
  }

  /** The worker processes of a service. */
  async workers(service: string): Promise<number[]> {
    const platform = await this.pid();
    return processes().filter(({ parent, command }) => parent === platform && command.includes(`services/${service}/dist/worker`)).map(({ pid }) => pid);
  }

  /** The embedded broker. */
  async brokerPid(): Promise<number> {
    const platform = await this.pid();
    const broker = processes().find(({ parent, command }) => parent === platform && command.includes('nats'));
    if (!broker) throw new Error(`no nats-server among the children of ${platform}`);
    return broker.pid;
  }

  /** Processes that name this home: what a platform that is gone has left running. */
  leftOvers(): string[] {
    return this.ownProcesses().map(({ command }) => command);
  }

  private ownProcesses(): ProcessRow[] {
    return processes().filter(({ command }) => command.includes(this.home));
  }

  /** Kills the platform without warning and waits until it is gone. */
  async kill(): Promise<void> {
    const pid = await this.pid();
    process.kill(pid, 'SIGKILL');
    await eventually('the platform to be gone', () => !isAlive(pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tunesmithResult(this.environment, 'down');
    // A platform that was killed and did not come back leaves its broker, which the next start on this home would end.
    for (const { pid } of this.ownProcesses()) process.kill(pid, 'SIGKILL');
    await this.remove();
  }
}

/** The file that a platform's process runs, for tests that start it without the command. */
export const platformMain = join(repositoryRoot, 'services/standalone/dist/main.js');

export function isAlive(pid: number): boolean {
  return processes().some((row) => row.pid === pid);
}

/** Every process of this machine that is not dead already. */
function processes(): ProcessRow[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,command='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid && parent && state && !state.startsWith('Z') ? [{ pid: Number(pid), parent: Number(parent), command: command ?? '' }] : [];
  });
}

/** What a shell reports: a Ctrl-C that meets a process at its very end kills it, which is 130 as well. */
function shellStatus(code: number | null, signal: NodeJS.Signals | null): number | null {
  return signal === null ? code : 128 + constants.signals[signal];
}
