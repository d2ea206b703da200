import type { TextFilter } from './text-filters.js';

export interface FilterCount {
  readonly stage: 'instruction' | 'response';
  readonly filter: string;
  readonly dropped: number;
  /** How many for which reason, where the filter tells. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first few that were left out. */
  readonly examples: readonly string[];
}

interface Tally {
  dropped: number;
  readonly reasons: Map<string, number>;
  readonly examples: string[];
}

const mostExamples = 3;
const longestExample = 200;

/** Counts what filters leave out, by filter in the order in which they stand. */
export class Funnel {
  private readonly tallies = new Map<string, Tally>();

  /** Every filter has its count, one that left out nothing too. */
  constructor(order: readonly { readonly stage: FilterCount['stage']; readonly filter: string }[]) {
    for (const { stage, filter } of order) this.tallies.set(`${stage} ${filter}`, { dropped: 0, reasons: new Map(), examples: [] });
  }

  /** Whether a text passes all filters; the first that does not keep it counts it. */
  passes(stage: FilterCount['stage'], filters: readonly TextFilter[], text: string): boolean {
    for (const filter of filters) {
      const reason = filter.reject(text);
      if (reason === undefined) continue;
      this.drop(stage, filter.name, text, reason);
      return false;
    }
    return true;
  }

  drop(stage: FilterCount['stage'], filter: string, text: string, reason?: string): void {
    const tally = this.tallies.get(`${stage} ${filter}`);
    if (!tally) throw new Error(`expected a filter of the funnel; got ${stage} ${filter}`);
    tally.dropped += 1;
    if (reason !== undefined) tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
    if (tally.examples.length < mostExamples) tally.examples.push(text.slice(0, longestExample).toWellFormed());
  }

  counts(): FilterCount[] {
    return [...this.tallies].map(([key, { dropped, reasons, examples }]) => {
      const [stage, filter] = key.split(' ') as [FilterCount['stage'], string];
      return { stage, filter, dropped, reasons: Object.fromEntries([...reasons].sort()), examples: [...examples] };
    });
  }
}
