import { float32FromFloat16 } from '@tunesmith/checkpoints';
import type { RowDistributions } from '@tunesmith/training';
import type { TokenAlignment } from './align-tokens.js';
import { endsAlike, sameSurface, type TokenSurfaces } from './token-surfaces.js';
import type { VocabularyMapping } from './vocabulary-mapping.js';

/**
 * When a source's distribution may stand for the pivot's. `fusellm-hard` and `fusellm-soft`: only where one source token was aligned, and the same text,
 * or for `soft` one that maps to the pivot's. `fusechat`: where one text ends with the other.
 */
export type TransferRule = 'fusellm-hard' | 'fusellm-soft' | 'fusechat';

/** What became of a place of the pivot. Everything but `fused` falls back. */
export const outcomes = [
  'fused',
  /** Several source tokens stand for the pivot's, and none of them will do. */
  'several',
  /** One does, and it is another text. */
  'different',
  /** A special token follows in the pivot, such as the end of a turn, and something else in the source, which spells that in letters. */
  'special-follows',
  /** Nothing is stored of what the source expects there. */
  'not-stored',
  /** The pivot has none of the tokens that the source expects. */
  'unmapped',
] as const;
export type Outcome = (typeof outcomes)[number];

/** A source's distributions at the places of a pivot's row. */
export interface TransferredRow {
  readonly crossEntropy: number;
  readonly outcomes: readonly Outcome[]; // [places]
  /** Pivot tokens, the likeliest first; -1 fills up. */
  readonly indices: Int32Array; // [places, entries]
  /** Natural logarithms of probabilities, or up to a constant for each place; -Infinity fills up. */
  readonly logits: Float32Array; // [places, entries]
  readonly entries: number;
}

export interface TransferOptions {
  readonly rule: TransferRule;
  readonly pivot: TokenSurfaces;
  readonly source: TokenSurfaces;
  readonly mapping: VocabularyMapping;
}

/** A row as it was stored, its logits as numbers. */
export function storedRow({ places, indices, logits, crossEntropy }: RowDistributions, entries: number): TransferredRow {
  return { crossEntropy, outcomes: [...places].map(() => 'fused'), indices, logits: float32FromFloat16(logits), entries };
}

/**
 * Carries what a source said of a row over to the pivot's tokens. Where that cannot be done the target is the token that follows, all alone, as
 * FuseChat has it (FuseLLM's published code took the token of the place itself, which is one too early); and where none of the expected tokens has
 * a counterpart, what the pivot itself said.
 *
 * Published code asks nothing of what follows; here a source that spells the pivot's special tokens in letters does not teach those letters.
 *
 * @param entries of both rows at each place
 */
export function transferRow(pivotRow: RowDistributions, sourceRow: RowDistributions, entries: number, { first, last }: Pick<TokenAlignment, 'first' | 'last'>, options: TransferOptions): TransferredRow {
  const { tokenIds, places } = pivotRow;
  const sourceLogits = float32FromFloat16(sourceRow.logits);
  const pivotLogits = float32FromFloat16(pivotRow.logits);
  const storedAt = new Map([...sourceRow.places].map((place, number) => [place, number]));
  const indices = new Int32Array(places.length * entries).fill(-1);
  const logits = new Float32Array(places.length * entries).fill(-Infinity);
  const reached = [...places].map((place, number): Outcome => {
    const at = number * entries;
    const next = tokenIds[place + 1]!;
    const fallBack = (outcome: Outcome): Outcome => {
      indices[at] = next;
      logits[at] = 0;
      return outcome;
    };
    const chosen = chooseSource(tokenIds[place]!, sourceRow.tokenIds, first[place]!, last[place]!, options);
    if (typeof chosen === 'string') return fallBack(chosen);
    const stored = storedAt.get(chosen);
    if (stored === undefined) return fallBack('not-stored');
    if (options.pivot.tokenizer.isSpecial(next) && !sameSurface(options.pivot.of(next), options.source.of(sourceRow.tokenIds[chosen + 1]!))) return fallBack('special-follows');
    let count = 0;
    for (let entry = stored * entries; entry < (stored + 1) * entries; entry += 1) {
      const id = sourceLogits[entry] === -Infinity ? undefined : options.mapping.map(sourceRow.indices[entry]!);
      if (id === undefined || indices.subarray(at, at + count).includes(id)) continue; // the first of several stands
      indices[at + count] = id;
      logits[at + count] = sourceLogits[entry]!;
      count += 1;
    }
    if (count > 0) return 'fused';
    indices.set(pivotRow.indices.subarray(at, at + entries), at);
    logits.set(pivotLogits.subarray(at, at + entries), at);
    return 'unmapped';
  });
  return { crossEntropy: sourceRow.crossEntropy, outcomes: reached, indices, logits, entries };
}

/** Which of the source's tokens from `first` to `last` speaks for the pivot's token, or why none does. */
function chooseSource(pivotId: number, sourceIds: readonly number[], first: number, last: number, { rule, pivot, source, mapping }: TransferOptions): number | Outcome {
  const surface = pivot.of(pivotId);
  if (rule === 'fusechat') {
    // Tokens that spell the pivot's together need no rule of their own: the last of them ends as it does.
    for (let place = first; place <= last; place += 1) if (endsAlike(surface, source.of(sourceIds[place]!))) return place;
    return first === last ? 'different' : 'several';
  }
  if (first !== last) return 'several';
  const sourceId = sourceIds[first]!;
  if (sameSurface(surface, source.of(sourceId)) || (rule === 'fusellm-soft' && mapping.map(sourceId) === pivotId)) return first;
  return 'different';
}
