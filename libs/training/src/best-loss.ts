/** What is known of the evaluations so far. Plain data: it goes into a checkpoint as JSON and comes back the same. */
export interface BestLoss {
  /** The lowest loss of any evaluation, and the step after which it was found, from 1; null before the first. */
  readonly best: { readonly step: number; readonly loss: number } | null;
  /** Evaluations in a row, up to the last, that found nothing better. */
  readonly withoutBetter: number;
}

export const nothingEvaluated: BestLoss = { best: null, withoutBetter: 0 };

export interface Judgement {
  readonly state: BestLoss;
  /** Whether this loss is the lowest so far: these weights are the ones to keep. An equal loss is not better. */
  readonly isBest: boolean;
  /** Whether `patience` evaluations in a row found nothing better. */
  readonly stop: boolean;
}

/** Takes one more evaluation in. `patience` absent: never stops. */
export function judgeLoss({ best, withoutBetter }: BestLoss, evaluated: { readonly step: number; readonly loss: number }, patience?: number): Judgement {
  const isBest = best === null || evaluated.loss < best.loss;
  const state: BestLoss = isBest ? { best: { step: evaluated.step, loss: evaluated.loss }, withoutBetter: 0 } : { best, withoutBetter: withoutBetter + 1 };
  return { state, isBest, stop: patience !== undefined && state.withoutBetter >= patience };
}
