export interface Bin {
  readonly upTo: number;
  readonly rows: number;
}

/** Lengths as they pass: how many rows by the power of two that bounds them. */
export class Bins {
  private readonly counts = new Map<number, number>();
  private rows = 0;
  private total = 0;
  private shortest = Infinity;
  private longest = 0;

  add(length: number): void {
    this.rows += 1;
    this.total += length;
    this.shortest = Math.min(this.shortest, length);
    this.longest = Math.max(this.longest, length);
    const upTo = 2 ** Math.ceil(Math.log2(Math.max(1, length)));
    this.counts.set(upTo, (this.counts.get(upTo) ?? 0) + 1);
  }

  finish(): { total: number; shortest: number; longest: number; mean: number; histogram: Bin[] } {
    return {
      total: this.total,
      shortest: this.rows > 0 ? this.shortest : 0,
      longest: this.longest,
      mean: this.rows > 0 ? this.total / this.rows : 0,
      histogram: [...this.counts].sort(([left], [right]) => left - right).map(([upTo, rows]) => ({ upTo, rows })),
    };
  }
}
