import type { DomainShares, Replacement, WeightChoice } from '@tunesmith/datasets';

/** How weights answer to losses. */
export interface UpdateOptions {
  /** `multiplicative` as the paper has it, `exponential` as the released code. */
  readonly update: 'multiplicative' | 'exponential';
  /** Of `multiplicative`: how strongly the learnable potential counts. */
  readonly sigma: number;
  /** Of `exponential`, what stands in the exponent: (l - l_ref) / l, l - l_ref, or l alone. */
  readonly score: 'ratio' | 'difference' | 'loss';
}

/** What becomes of the weights at every evaluation: nothing, adaptive multi-ability fostering, or flexible domain expansion (VersaTune, arXiv 2411.11266). */
export type DomainSchedule =
  | { readonly kind: 'fixed' }
  | ({ readonly kind: 'fostering' } & UpdateOptions)
  | ({
      readonly kind: 'expansion';
      readonly target: string;
      /** What the target's share grows by. */
      readonly delta: number;
      /** It grows while the others' mean forgetting is below epsilon times the target's potential. */
      readonly epsilon: number;
      /** What it is held at where it does not grow: its share, or the re-weighted one. */
      readonly hold: 'keep' | 'reweighted';
      /** The most that the target may get. */
      readonly limit: number;
    } & UpdateOptions);

/**
 * Training on domains by weight. Evaluations cut it into rounds, each of which draws its rows anew: of every domain floor(weight * round), by the rule of
 * VersaTune's released code. A row's domain is its tag.
 */
export interface DomainOptions {
  /** Those that take part; absent: those with a weight or a share, of `uniform` every tag of the training rows. */
  readonly names?: readonly string[];
  /** Of the first round, before the schedule. */
  readonly weights: WeightChoice;
  readonly shares?: DomainShares;
  readonly schedule: DomainSchedule;
  /** Tokens of a round; absent: as many rows as its steps hold. */
  readonly roundTokens?: number;
  readonly replacement: Replacement;
  /** Held-out rows of a domain that evaluations use at most. */
  readonly heldOutRows?: number;
  /** What the loss of each domain could come down to, where it is known. */
  readonly referenceLosses?: Readonly<Record<string, number>>;
}
