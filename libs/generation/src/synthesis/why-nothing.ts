import type { FilterCount } from './funnel.js';
import type { SynthesisReport } from './synthesis-report.js';

/** Why a synthesis ended without a row, and what to try. Where the money was what was missing, a stronger teacher would not help. */
export function whyNothing(stoppedBy: SynthesisReport['stoppedBy'], filters: readonly Pick<FilterCount, 'filter' | 'dropped'>[]): string {
  const dropped = filters.filter((each) => each.dropped > 0).map((each) => `${each.filter}: ${each.dropped}`).join(', ');
  if (stoppedBy !== 'spending-cap') return `${dropped || 'The teacher said nothing of use'}. Try a stronger teacher, or loosen the filters.`;
  return `${dropped === '' ? '' : `${dropped}. `}The spending cap left no room for another answer, which is counted at its longest: raise the cap, or ask for fewer items, shorter answers and smaller batches.`;
}
