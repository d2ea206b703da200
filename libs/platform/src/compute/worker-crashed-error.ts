import { PlatformError } from '../errors/platform-error.js';

/** A worker process ended in the middle of its work: killed, out of memory, or by a fault in native code. Worth another try. */
export class WorkerCrashedError extends PlatformError {
  constructor({ functionName, exitCode, signal, phase }: { functionName: string; exitCode: number | null; signal: string | null; phase: string | undefined }) {
    const how = signal ? `was ended by ${signal}` : `exited with code ${exitCode}`;
    const hint = signal === 'SIGKILL' ? ' The system kills the largest process when memory runs out: lower the batch, or raise the memory.' : '';
    super({
      code: 'worker-crashed', retryable: true, facts: { function: functionName, exitCode, signal, phase: phase ?? null },
      message: `Expected the worker to finish "${functionName}"; its process ${how}${phase ? ` in the phase "${phase}"` : ' before its first phase'}.${hint}`,
    });
  }
}
