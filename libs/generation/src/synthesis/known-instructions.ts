import { nearDuplicates } from '@tunesmith/datasets';

export type Duplicate = 'exact-duplicate' | 'near-duplicate';

/** Instructions that were kept, and the seeds: what is new must not repeat them. */
export class KnownInstructions {
  private readonly plain = new Set<string>();
  private readonly texts: string[] = [];

  /** `threshold`: the share of common shingles from which texts are near duplicates; undefined: only exact ones count. */
  constructor(seeds: readonly string[], private readonly threshold: number | undefined) {
    for (const seed of seeds) this.note(seed);
  }

  /** Of each new text what it repeats: a known one, or one before it. Those that repeat nothing are known from now on. */
  take(texts: readonly string[]): (Duplicate | undefined)[] {
    const seen = new Set<string>();
    const exact = texts.map((text) => {
      const plain = plainText(text);
      const known = this.plain.has(plain) || seen.has(plain);
      seen.add(plain);
      return known;
    });
    const rest = [...texts.keys()].filter((index) => !exact[index]);
    const near = this.threshold === undefined ? [] : nearDuplicates(rest.map((index) => texts[index]!), { against: this.texts, threshold: this.threshold });
    const found = texts.map((_, index): Duplicate | undefined => (exact[index] ? 'exact-duplicate' : undefined));
    for (const [place, index] of rest.entries()) {
      if (near[place]) found[index] = 'near-duplicate';
      else this.note(texts[index]!);
    }
    return found;
  }

  private note(text: string): void {
    this.plain.add(plainText(text));
    this.texts.push(text);
  }
}

/** Case, punctuation and blanks make no difference. */
function plainText(text: string): string {
  const plain = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
  return plain === '' ? text.trim() : plain;
}
