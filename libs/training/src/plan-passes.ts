import { batchesPerEpoch, batchRows, type RowOrder } from '@tunesmith/datasets';
import type { Example } from './objective.js';
import type { TrainOptions } from './train-options.js';

/** Which examples every step takes; a function of the step's number alone, so nothing has to be kept to resume. */
export interface Passes {
  /** Optimizer steps of the whole training. */
  readonly steps: number;
  /** The passes forward and backward of a step, from 0, and the examples of each. */
  of(step: number): Example[][];
}

/** Cuts the examples of all epochs into passes of `batch` and steps of `accumulate` passes; the last step of an epoch may have fewer. */
export function planPasses(examples: readonly Example[], { batch, accumulate, epochs, steps, order, seed }: Pick<TrainOptions, 'batch' | 'accumulate' | 'epochs' | 'steps' | 'order' | 'seed'>): Passes {
  const stepOrder: RowOrder = { rows: examples.length, batch: batch * accumulate, order, seed };
  return {
    steps: steps ?? Math.max(1, Math.round(batchesPerEpoch(stepOrder) * epochs)),
    of(step) {
      const taken = batchRows(step, stepOrder).map((index) => examples[index]!);
      return Array.from({ length: Math.ceil(taken.length / batch) }, (_, pass) => taken.slice(pass * batch, (pass + 1) * batch));
    },
  };
}
