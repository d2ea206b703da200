import { rowLengths, type KeyValueCache } from '@tunesmith/nn';
import { TunesmithError } from '@tunesmith/tensor';

/** Refuses rows that are longer than a table of learned positions: behind its end there is nothing to look up. */
export function checkLearnedPositions(boundaries: readonly number[], cache: KeyValueCache | undefined, positions: number): void {
  rowLengths(boundaries).forEach((added, row) => {
    const length = added + (cache?.lengths[row] ?? 0);
    if (length <= positions) return;
    throw new TunesmithError({
      message: `Row ${row} has ${length} tokens; this model has learned positions for ${positions}. Shorten the row, or ask for fewer new tokens.`,
      code: 'row-too-long',
      facts: { row, length, positions },
    });
  });
}
