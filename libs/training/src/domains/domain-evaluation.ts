/** What an evaluation found of one domain, and what followed from it. */
export interface DomainEvaluation {
  /** Mean cross-entropy of the held-out rows' trained tokens, in nats. */
  readonly loss: number;
  /** What the loss is compared with. */
  readonly reference: number;
  /** Learnable potential. */
  readonly potential: number;
  /** Forgetting degree since the evaluation before. */
  readonly forgetting: number;
  /** Share of the round that follows. */
  readonly weight: number;
}
