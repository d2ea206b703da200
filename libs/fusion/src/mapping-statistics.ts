import type { TokenAlignment } from './align-tokens.js';

/** How often tokens of the source were aligned with tokens of the pivot, over a corpus (FuseChat, arXiv 2408.07990, section 3.2). */
export class MappingStatistics {
  private readonly counts = new Map<number, Map<number, number>>();

  add(pivotIds: readonly number[], sourceIds: readonly number[], { first, last }: TokenAlignment): void {
    for (const [i, pivotId] of pivotIds.entries()) {
      for (let j = first[i]!; j <= last[i]!; j += 1) {
        const sourceId = sourceIds[j]!;
        let partners = this.counts.get(sourceId);
        if (!partners) this.counts.set(sourceId, (partners = new Map()));
        partners.set(pivotId, (partners.get(pivotId) ?? 0) + 1);
      }
    }
  }

  /** Pivot ids and counts. */
  partnersOf(sourceId: number): Iterable<readonly [pivotId: number, count: number]> {
    return this.counts.get(sourceId) ?? [];
  }
}
