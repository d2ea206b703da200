/** What a fact's handler returns: a value, so that a spec can compare it. Only the bus turns it into ack, nak or term. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'skipped'; readonly reason: string };

const finished: Outcome = Object.freeze({ kind: 'done' });

export function done(): Outcome {
  return finished;
}

/** The event was understood and nothing had to be done; the reason goes to the log. */
export function skipped(reason: string): Outcome {
  return { kind: 'skipped', reason };
}
