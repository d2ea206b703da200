import { detectLanguage } from './detect-language.js';

export interface LanguageShares {
  /** How many rows were examined; the shares of large datasets are estimates. */
  readonly examined: number;
  /** By ISO 639-3 code, `und` where it could not be told; the largest first. */
  readonly shares: Readonly<Record<string, number>>;
}

/** Rows that are examined one and all; from then on every second, every third and so on as rows add up. */
const thorough = 5000;

/** Languages of rows as they pass. Of a million rows about 26 thousand are examined, each standing for those between. */
export class LanguageCounter {
  private rows = 0;
  private examined = 0;
  private weight = 0;
  private next = 0;
  private readonly weights = new Map<string, number>();

  add(text: () => string): void {
    this.rows += 1;
    if (this.rows <= this.next) return;
    const stride = Math.ceil(this.rows / thorough);
    this.next = this.rows + stride - 1;
    this.examined += 1;
    this.weight += stride;
    const language = detectLanguage(text());
    this.weights.set(language, (this.weights.get(language) ?? 0) + stride);
  }

  finish(): LanguageShares {
    const shares = [...this.weights].sort(([one, left], [other, right]) => right - left || (one < other ? -1 : 1)).map(([language, weight]) => [language, round(weight / this.weight)] as const);
    return { examined: this.examined, shares: Object.fromEntries(shares) };
  }
}

function round(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
