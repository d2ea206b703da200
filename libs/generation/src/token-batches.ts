export interface BatchLimits {
  /** An item that alone has more stands alone. */
  readonly tokens: number;
  readonly items?: number;
}

/** Items in their order, in batches of at most so many tokens and items. */
export function* tokenBatches<Item>(items: readonly Item[], tokensOf: (item: Item) => number, limits: BatchLimits): Generator<Item[]> {
  let batch: Item[] = [];
  let tokens = 0;
  for (const item of items) {
    const more = tokensOf(item);
    if (batch.length === (limits.items ?? Infinity) || (batch.length > 0 && tokens + more > limits.tokens)) {
      yield batch;
      batch = [];
      tokens = 0;
    }
    batch.push(item);
    tokens += more;
  }
  if (batch.length > 0) yield batch;
}
