// The program of a worker process: loads the worker module named by the first argument and answers the service, whose process is the second, over IPC.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import type { JobProgress } from '@tunesmith/contracts';
import { writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { keepOnWithoutLog } from '../service/keep-on-without-log.js';
import { SpanBatcher } from '../telemetry/span-batcher.js';
import { contextOf } from '../telemetry/trace-carrier.js';
import { PhaseSpans } from './phase-spans.js';
import { ProgressThrottle } from './progress-throttle.js';
import { toWire } from './wire-error.js';
import type { FromWorker, ToWorker } from './worker-messages.js';
import type { ConversationContext, WorkerFunction, WorkerModule } from './worker-module.js';

// The worker module and all that it imports: compiled once per machine, not once per worker.
enableCompileCache();
keepOnWithoutLog();

const [, , modulePath = '', servicePid = ''] = process.argv;
const aborting = new Map<number, AbortController>();
const inboxes = new Map<number, Inbox>();
const spans = new SpanBatcher('');
let module: WorkerModule;

function tell(message: FromWorker): Promise<void> {
  return new Promise((resolve) => (process.connected && process.send ? process.send(message, undefined, {}, () => resolve()) : resolve()));
}

function functionNamed(name: string): WorkerFunction {
  const found = Object.hasOwn(module.functions, name) ? module.functions[name] : undefined;
  if (!found) throw new Error(`expected one of ${Object.keys(module.functions).join(', ')}; got "${name}"; add it to defineWorker in worker.ts`);
  return found;
}

/** Messages of one conversation; they wait until somebody listens. */
class Inbox {
  private readonly waiting: unknown[] = [];
  private listener: ((message: unknown) => void) | undefined;

  take(message: unknown): void {
    if (this.listener) this.listener(message);
    else this.waiting.push(message);
  }

  listen(listener: (message: unknown) => void): void {
    this.listener = listener;
    for (const message of this.waiting.splice(0)) listener(message);
  }
}

async function predict({ id, name, input }: ToWorker & { type: 'predict' }): Promise<void> {
  functionNamed(name);
  const memory = (await module.predictMemory?.[name]?.(input)) ?? 0;
  await tell({ type: 'predicted', id, memory, cores: module.cores?.[name] });
}

async function run({ id, name, input, trace: carrier }: ToWorker & { type: 'run' }): Promise<void> {
  const body = functionNamed(name);
  const controller = new AbortController();
  aborting.set(id, controller);
  const inbox = new Inbox();
  inboxes.set(id, inbox);
  void tell({ type: 'started', id });
  const tracer = trace.getTracer('tunesmith');
  try {
    const result = await tracer.startActiveSpan(name, { attributes: { 'process.pid': process.pid } }, contextOf(carrier), async (span) => {
      const phases = new PhaseSpans(tracer);
      const throttle = new ProgressThrottle((progress) => void tell({ type: 'progress', id, progress }));
      const onProgress = (progress: JobProgress): void => {
        phases.note(progress);
        throttle.note(progress);
      };
      try {
        const conversation: Pick<ConversationContext, 'send' | 'onMessage'> = { send: (message) => void tell({ type: 'message', id, message }), onMessage: (listener) => inbox.listen(listener) };
        return await body(input, { signal: controller.signal, onProgress, ...conversation });
      } finally {
        throttle.flush();
        phases.end();
        span.end();
      }
    });
    await spans.forceFlush();
    await tell({ type: 'result', id, result });
  } finally {
    aborting.delete(id);
    inboxes.delete(id);
    await spans.forceFlush();
  }
}

async function answer(message: ToWorker): Promise<void> {
  if (message.type === 'exit') process.exit(0);
  if (message.type === 'message') return inboxes.get(message.id)?.take(message.message);
  if (message.type === 'abort') {
    aborting.get(message.id)?.abort(new DOMException(message.reason, 'AbortError'));
    return;
  }
  try {
    await (message.type === 'run' ? run(message) : predict(message));
  } catch (error) {
    await tell({ type: 'failed', id: message.id, error: toWire(error) });
  }
}

/**
 * Ends this process when the service is gone, even while native code holds the event loop: a thread of its own looks. Who the parent should be comes
 * from the service: one that has died before the thread begins has another in its place already.
 */
function followTheService(): void {
  process.once('disconnect', () => process.exit(0));
  const guard = `setInterval(() => { if (process.ppid !== ${Number(servicePid)}) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  const thread = new Worker(guard, { eval: true });
  thread.once('error', () => undefined); // Without the guard the work goes on.
  thread.unref();
}

/** When memory runs out the system should take this process, not the service. */
function volunteerForTheKiller(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Not Linux, or not allowed: then the system chooses.
  }
}

async function main(): Promise<void> {
  volunteerForTheKiller();
  followTheService();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [spans] }));
  spans.connect((finished) => void tell({ type: 'spans', spans: finished }));
  try {
    const loaded = (await import(pathToFileURL(modulePath).href)) as { default?: WorkerModule };
    if (!loaded.default?.functions) throw new Error(`expected ${modulePath} to export defineWorker({ … }) as default`);
    module = loaded.default;
    // Before anything loads the compute library, which reads it once.
    if (module.device) process.env['TUNESMITH_DEVICE'] = module.device;
  } catch (error) {
    await tell({ type: 'broken', error: toWire(error) });
    process.exit(1);
  }
  process.on('message', (message: ToWorker) => void answer(message));
  await tell({ type: 'ready' });
}

await main();
