import type { FinishedSpan, JobProgress } from '@tunesmith/contracts';
import { fork, type ChildProcess } from 'node:child_process';
import type { TraceCarrier } from '../telemetry/trace-carrier.js';
import { compiledModule } from './compiled-module.js';
import { WorkerError } from './wire-error.js';
import { WorkerCrashedError } from './worker-crashed-error.js';
import type { FromWorker, ToWorker } from './worker-messages.js';
import type { PredictedMemory } from './worker-module.js';

export interface WorkerProcessOptions {
  /** Path of the compiled worker module. */
  readonly module: string;
  readonly threads: number;
  /** More variables, such as LD_PRELOAD. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onSpans: (spans: FinishedSpan[]) => void;
}

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly trace?: TraceCarrier | undefined;
  readonly onProgress?: (progress: JobProgress) => void;
  readonly onStarted?: () => void;
  readonly conversation?: Conversation | undefined;
  /** How long the worker may take to obey an abort, in milliseconds. */
  readonly graceTime: number;
}

/** A call that its caller goes on talking to. */
export interface Conversation {
  /** Is given, once the function runs, what sends it messages. */
  open(send: (message: unknown) => void): void;
  onMessage(message: unknown): void;
}

interface Call {
  readonly functionName: string;
  readonly settle: (message: FromWorker | undefined) => void;
  phase: string | undefined;
}

/** Secrets that a worker, which parses files from anywhere, has no use for. */
const withheld = /^TUNESMITH_(S3_|DATABASE_URL|NATS_|TOKEN)/;

const alive = new Set<ChildProcess>();
let exitHookIsSet = false;

/** A child process that has loaded a service's worker module and runs one of its functions at a time. */
export class WorkerProcess {
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly loaded: Promise<void>;
  private call: Call | undefined;
  private calls = 0;

  constructor(private readonly options: WorkerProcessOptions) {
    const { module, threads, environment } = options;
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheld.test(name) && name !== 'NODE_OPTIONS'));
    this.child = fork(compiledModule(new URL('./worker-main.js', import.meta.url)), [module, String(process.pid)], {
      serialization: 'advanced',
      execArgv: ['--conditions=tunesmith-worker', '--no-warnings'],
      env: { ...inherited, OMP_NUM_THREADS: String(threads), TUNESMITH_WORKER_THREADS: String(threads), ...environment },
      stdio: ['ignore', 2, 2, 'ipc'], // Its standard output must not mix with ours, which scripts may read.
    });
    killWithUs(this.child);
    this.exited = new Promise((resolve) => {
      // Not 'exit', which may come before what the process said last: the phase in which it died, or its result.
      this.child.once('close', () => resolve());
      this.child.once('error', () => resolve());
    });
    this.loaded = new Promise((resolve, reject) => {
      this.child.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve();
        else if (message.type === 'broken') reject(new WorkerError(message.error));
        else this.receive(message);
      });
      void this.exited.then(() => {
        reject(this.crash('(loading)', undefined));
        this.call?.settle(undefined);
      });
    });
    this.loaded.catch(() => undefined); // Whoever calls gets it; an idle worker may also end unasked.
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.child.connected;
  }

  /** What the module says a call will need. */
  async predict(functionName: string, input: unknown, options: CallOptions): Promise<{ memory: PredictedMemory; cores: number | undefined }> {
    const answer = await this.ask(functionName, (id) => ({ type: 'predict', id, name: functionName, input }), options);
    if (answer.type !== 'predicted') throw new Error(`expected a prediction; got ${answer.type}`);
    return answer;
  }

  /** Runs a function to its end. An abort is passed on; a worker that does not obey in time is killed. */
  async run(functionName: string, input: unknown, options: CallOptions): Promise<unknown> {
    const answer = await this.ask(functionName, (id) => ({ type: 'run', id, name: functionName, input, trace: options.trace }), options);
    if (answer.type !== 'result') throw new Error(`expected a result; got ${answer.type}`);
    return answer.result;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Asks the process to end, and kills it if it does not. */
  async stop(): Promise<void> {
    if (!this.isAlive) return;
    this.send({ type: 'exit' });
    const timer = setTimeout(() => this.kill(), 1000);
    await this.exited;
    clearTimeout(timer);
  }

  private async ask(functionName: string, message: (id: number) => ToWorker, options: CallOptions): Promise<FromWorker> {
    const { signal, graceTime } = options;
    const id = (this.calls += 1);
    let killTimer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.send({ type: 'abort', id, reason: signal.reason instanceof Error ? signal.reason.message : String(signal.reason) });
      killTimer = setTimeout(() => this.kill(), graceTime);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.loaded;
      signal.throwIfAborted();
      const answer = await new Promise<FromWorker | undefined>((resolve) => {
        this.call = {
          functionName, phase: undefined,
          settle: (from) => {
            if (from?.type === 'started') {
              options.onStarted?.();
              options.conversation?.open((message) => this.send({ type: 'message', id, message }));
            } else if (from?.type === 'message') options.conversation?.onMessage(from.message);
            else if (from?.type === 'progress') {
              if (this.call) this.call.phase = from.progress.phase;
              options.onProgress?.(from.progress);
            } else resolve(from);
          },
        };
        this.send(message(id));
      });
      // What an aborted call says counts no more, be it a result, an error or a crash.
      signal.throwIfAborted();
      if (!answer) throw this.crash(functionName, this.call?.phase);
      if (answer.type === 'failed') throw new WorkerError(answer.error);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      this.call = undefined;
      clearTimeout(killTimer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  private receive(message: FromWorker): void {
    if (message.type === 'spans') this.options.onSpans(message.spans);
    else if ('id' in message && message.id === this.calls) this.call?.settle(message);
  }

  private send(message: ToWorker): void {
    // A process that has just died cannot take it; its exit settles the call.
    if (this.child.connected) this.child.send(message, () => undefined);
    else this.call?.settle(undefined);
  }

  private crash(functionName: string, phase: string | undefined): WorkerCrashedError {
    return new WorkerCrashedError({ functionName, exitCode: this.child.exitCode, signal: this.child.signalCode, phase });
  }
}

function killWithUs(child: ChildProcess): void {
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  if (exitHookIsSet) return;
  exitHookIsSet = true;
  process.once('exit', () => alive.forEach((each) => each.kill('SIGKILL')));
}
