import { library } from './library.js';

/** How many cores one operator may use. */
export function setThreads(count: number): void {
  library().setThreads(count);
}

export function threads(): number {
  return library().threads();
}

/** Bytes of tensor memory on the CPU. */
export interface MemoryUse {
  /** In use now, by tensors and by what the autograd graph has saved. */
  readonly liveBytes: number;
  /** The most that was in use since the last resetPeakMemory. */
  readonly peakBytes: number;
  /** Freed, and kept to be used again. */
  readonly cachedBytes: number;
}

export function memoryUse(): MemoryUse {
  return library().memoryUse();
}

export function resetPeakMemory(): void {
  library().resetPeakMemory();
}

/** Gives kept memory back to the system until `keepBytes` of it are left. Call it when a worker turns idle. */
export function trimMemory(keepBytes = 0): void {
  library().trimMemory(keepBytes);
}

/** How much freed memory may be kept for reuse; a quarter of the machine's (or the container's) memory unless told otherwise. */
export function limitCachedMemory(bytes: number): void {
  library().limitCachedMemory(bytes);
}
