/** The examples that stand before a question. */
export interface Sampler {
  /** The word after `sampler:`. */
  readonly name: string;
  /** Draws for one document after the other, in their order. `avoid`: the document itself, where it may be among the examples. */
  start<Document>(pool: readonly Document[], seed: number): (count: number, avoid: Document | undefined) => readonly Document[];
}
