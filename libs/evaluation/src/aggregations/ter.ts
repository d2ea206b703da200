import type { Aggregation } from './aggregation.js';

export interface EditCounts {
  readonly edits: number;
  /** Words of the right answer. */
  readonly right: number;
}

/** Edits for each hundred right words; 100 where there are no right words at all but something was said. */
export const ter: Aggregation = {
  name: 'ter',
  aggregate(values) {
    const counts = values as readonly EditCounts[];
    const [edits, right] = [counts.reduce((sum, each) => sum + each.edits, 0), counts.reduce((sum, each) => sum + each.right, 0)];
    if (right > 0) return (100 * edits) / right;
    return edits > 0 ? 100 : 0;
  },
};
