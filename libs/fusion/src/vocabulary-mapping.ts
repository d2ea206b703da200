import { EditDistance } from './edit-distance.js';
import { containsEither, type TokenSurfaces } from './token-surfaces.js';
import type { MappingStatistics } from './mapping-statistics.js';

/** How a source token without a twin in the pivot's vocabulary finds its way there. */
export type VocabularyRule =
  /** Not at all. */
  | { readonly kind: 'exact' }
  /** To the pivot token of the smallest edit distance, the first of equal ones (FuseLLM's `soft`). */
  | { readonly kind: 'edit-distance' }
  /**
   * To one of the pivot tokens that it was aligned with somewhere in the corpus (FuseChat). `repo` takes what the published code takes, the smallest
   * sigmoid(count) · edit distance (a tenth of it where one contains the other, word starts aside); `max-frequency` the most frequent one, as the
   * paper's words have it.
   */
  | { readonly kind: 'statistics'; readonly score: 'repo' | 'max-frequency' };

/** What published code does with a source token that no rule maps: to the pivot's unknown token, or its end. `drop`: nothing is said of it. */
export type Unmapped = 'drop' | 'unknown';

export interface VocabularyMappingOptions {
  readonly rule: VocabularyRule;
  readonly unmapped: Unmapped;
}

const [notAsked, nowhere] = [-2, -1];

/** Source token ids to pivot token ids. Tokens of equal surface are twins; beginnings and ends of texts too, whatever they are called. */
export class VocabularyMapping {
  private readonly found: Int32Array;
  private readonly distance = new EditDistance();

  /** @param statistics needed by the rule `statistics` alone. */
  constructor(
    private readonly pivot: TokenSurfaces,
    private readonly source: TokenSurfaces,
    private readonly options: VocabularyMappingOptions,
    private readonly statistics?: MappingStatistics,
  ) {
    this.found = new Int32Array(source.tokenizer.vocabularySize).fill(notAsked);
    const [of, to] = [source.tokenizer, pivot.tokenizer];
    this.force(of.bosTokenId, to.bosTokenId);
    // A model may end a turn, or a text, by one token or another: all of them are the end that the pivot writes.
    for (const id of of.eosTokenIds) this.force(id, to.eosTokenIds[0]);
  }

  /** undefined: nothing is known of it, or the id is no token. */
  map(sourceId: number): number | undefined {
    let id = this.found[sourceId] ?? nowhere;
    if (id === notAsked) {
      id = this.find(sourceId) ?? nowhere;
      this.found[sourceId] = id;
    }
    return id === nowhere ? undefined : id;
  }

  /** Where no token of equal surface says otherwise. */
  private force(sourceId: number | undefined, pivotId: number | undefined): void {
    if (sourceId === undefined || pivotId === undefined) return;
    this.found[sourceId] = this.pivot.find(this.source.of(sourceId)) ?? pivotId;
  }

  private find(sourceId: number): number | undefined {
    if (!this.source.tokenizer.hasToken(sourceId)) return undefined;
    return this.pivot.find(this.source.of(sourceId)) ?? this.byRule(sourceId) ?? (this.options.unmapped === 'unknown' ? this.unknown() : undefined);
  }

  private byRule(sourceId: number): number | undefined {
    const { rule } = this.options;
    switch (rule.kind) {
      case 'exact':
        return undefined;
      case 'edit-distance':
        return this.nearest(sourceId);
      case 'statistics':
        return this.aligned(sourceId, rule.score);
    }
  }

  private nearest(sourceId: number): number | undefined {
    const surface = this.source.of(sourceId);
    this.distance.from(surface);
    let best: { id: number; distance: number } | undefined;
    for (const id of this.pivot.all()) {
      const other = this.pivot.of(id);
      if (best && Math.abs(other.length - surface.length) >= best.distance) continue; // an edit moves the length by one at most
      const distance = this.distance.to(other);
      if (!best || distance < best.distance) best = { id, distance };
    }
    return best?.id;
  }

  private aligned(sourceId: number, score: 'repo' | 'max-frequency'): number | undefined {
    const surface = this.source.withoutMark(sourceId);
    this.distance.from(surface);
    let best: { id: number; score: number; distance: number } | undefined;
    for (const [id, count] of [...(this.statistics?.partnersOf(sourceId) ?? [])].sort(([one], [other]) => one - other)) {
      const other = this.pivot.withoutMark(id);
      const distance = this.distance.to(other) * (containsEither(surface, other) ? 0.1 : 1);
      const scored = score === 'repo' ? distance / (1 + Math.exp(-count)) : -count;
      if (!best || scored < best.score || (scored === best.score && distance < best.distance)) best = { id, score: scored, distance };
    }
    return best?.id;
  }

  private unknown(): number | undefined {
    const { tokenizer } = this.pivot;
    const text = tokenizer.specialTokens.unk_token;
    return (text === undefined ? undefined : tokenizer.tokenId(text)) ?? tokenizer.eosTokenIds[0];
  }
}
