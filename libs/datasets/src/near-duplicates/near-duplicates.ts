import { NearDuplicateFinder, type NearDuplicateOptions } from './near-duplicate-finder.js';

/** What a text nearly repeats: the first such text of the other set, or of its own. */
export interface NearDuplicate {
  readonly of: 'against' | 'texts';
  readonly index: number;
}

export interface NearDuplicatesOptions extends NearDuplicateOptions {
  /** Texts of another set that may not be repeated either. They go before those of the own set. */
  readonly against?: readonly string[];
}

/**
 * For each text what it nearly repeats, undefined where it is the first of its kind. A text counts as a near duplicate from the threshold on; exact
 * repetitions are always found. Near duplicates of near duplicates belong to the first of them all.
 */
export function nearDuplicates(texts: readonly string[], { against = [], ...options }: NearDuplicatesOptions = {}): (NearDuplicate | undefined)[] {
  using finder = new NearDuplicateFinder(options);
  for (const text of against) finder.add(text);
  for (const text of texts) finder.add(text);
  const firsts = finder.firstOfEach();
  return texts.map((_, index) => {
    const first = firsts[against.length + index]!;
    if (first === against.length + index) return undefined;
    return first < against.length ? { of: 'against', index: first } : { of: 'texts', index: first - against.length };
  });
}
