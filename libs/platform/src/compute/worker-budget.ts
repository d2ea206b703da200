import { PlatformError } from '../errors/platform-error.js';
import type { PredictedMemory } from './worker-module.js';

export interface Demand {
  readonly functionName: string;
  readonly cores: number;
  readonly memory: PredictedMemory;
}

interface Waiting {
  readonly cores: number;
  readonly memory: number;
  readonly admit: () => void;
}

/**
 * Cores and memory that all workers of a process share. Calls are admitted in their order, so that a large one is not
 * starved by small ones; only calls that need no core of their own may pass.
 */
export class WorkerBudget {
  private usedCores = 0;
  private usedMemory = 0;
  private readonly queue: Waiting[] = [];
  private readonly holders = new Set<() => void>();

  constructor(readonly cores: number, readonly memory: number) {}

  /**
   * Waits until the call fits; call the result when it has ended. `onWanted` hears, from then on, when another call has to wait.
   *
   * @throws PlatformError `job-too-large` when it never fits: the message holds the sum.
   */
  async admit(demand: Demand, signal: AbortSignal, onWanted: () => void = () => undefined): Promise<() => void> {
    const memory = total(demand.memory);
    if (memory > this.memory) throw this.tooLarge(demand, memory);
    const cores = Math.min(demand.cores, this.cores);
    await new Promise<void>((resolve, reject) => {
      signal.throwIfAborted();
      const waiting: Waiting = {
        cores, memory,
        admit: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        reject(signal.reason as Error);
        this.admitNext();
      };
      signal.addEventListener('abort', leave, { once: true });
      this.queue.push(waiting);
      this.admitNext();
    });
    this.holders.add(onWanted);
    // It may have passed somebody who waits already.
    if (this.queue.length > 0) onWanted();
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.holders.delete(onWanted);
      this.usedCores -= cores;
      this.usedMemory -= memory;
      this.admitNext();
    };
  }

  private admitNext(): void {
    let isBlocked = false;
    for (const waiting of [...this.queue]) {
      const fits = this.usedCores + waiting.cores <= this.cores && this.usedMemory + waiting.memory <= this.memory;
      if (!fits || (isBlocked && waiting.cores > 0)) {
        isBlocked = true;
        continue;
      }
      this.queue.splice(this.queue.indexOf(waiting), 1);
      this.usedCores += waiting.cores;
      this.usedMemory += waiting.memory;
      waiting.admit();
    }
    if (isBlocked) for (const tell of [...this.holders]) tell();
  }

  private tooLarge({ functionName, memory }: Demand, sum: number): PlatformError {
    const parts = typeof memory === 'number' ? '' : `${Object.entries(memory).map(([name, bytes]) => `${name} ${gibibytes(bytes)}`).join(' + ')} = `;
    return new PlatformError({
      code: 'job-too-large', facts: { needed: sum, available: this.memory, ...(typeof memory === 'number' ? {} : { parts: { ...memory } }) },
      message:
        `Expected "${functionName}" to fit into the ${gibibytes(this.memory)} that workers may use here; it needs ${parts}${gibibytes(sum)}. ` +
        'Use a smaller model, batch or length, run it on a larger machine, or raise TUNESMITH_WORKER_MEMORY.',
    });
  }
}

function total(memory: PredictedMemory): number {
  return typeof memory === 'number' ? memory : Object.values(memory).reduce((sum, part) => sum + part, 0);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

let shared: WorkerBudget | undefined;

/** The one budget of this process: services that share a process share the machine. The first to ask sets its size. */
export function processBudget(cores: number, memory: number): WorkerBudget {
  shared ??= new WorkerBudget(cores, memory);
  return shared;
}
