import type { DomainEvaluation } from './domains/domain-evaluation.js';

/** What an evaluation found, as plain data: a part of the checkpoint. */
export interface Evaluation {
  /** Steps that were done before it. */
  readonly step: number;
  /** Of all held-out examples, each by its weight. */
  readonly loss: number;
  /** Where the order of the data goes by domains. */
  readonly domains?: Readonly<Record<string, DomainEvaluation>>;
}
