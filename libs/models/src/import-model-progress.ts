import { isFinite16Or32 } from '@tunesmith/checkpoints';
import type { WorkContext } from '@tunesmith/tensor';
import { ModelWeightsError } from './check-weights.js';

/** Counts written bytes, stops when the work is aborted, and refuses weights that are not finite. */
export class ImportProgress {
  private done = 0;

  constructor(
    private readonly source: string,
    private readonly total: number,
    private readonly context: WorkContext,
  ) {
    this.report();
  }

  /** Runs the making of one tensor's bytes; what it returns is checked and counted. */
  async tensor(name: string, dtype: 'F32' | 'F16' | 'BF16', make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    this.context.signal.throwIfAborted();
    const bytes = await make();
    if (!isFinite16Or32(dtype, bytes)) {
      throw new ModelWeightsError({
        message: `expected finite weights in ${this.source}; its tensor ${name} holds NaN or infinite values: the file is damaged, or its training failed. Fetch it again or take another one.`,
        code: 'model-weights-not-finite',
        facts: { source: this.source, name },
      });
    }
    this.done += bytes.byteLength;
    this.report();
    return bytes;
  }

  private report(): void {
    this.context.onProgress({ phase: 'import', done: this.done, total: this.total, unit: 'bytes' });
  }
}
