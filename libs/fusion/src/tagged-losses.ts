import { readRows, type Split } from '@tunesmith/datasets';
import type { RowDistributions } from '@tunesmith/training';

export interface NamedLoss {
  readonly name: string;
  /** Trained ones, over which the loss is the mean. */
  readonly tokens: number;
  /** In nats. */
  readonly loss: number;
}

/** The loss over all rows, under the name of the whole, and over those of each tag. */
export class TaggedLosses {
  readonly #sums = new Map<string, { nats: number; tokens: number }>();

  /** @param tags of each row */
  constructor(private readonly whole: string, private readonly tags: readonly (readonly string[])[]) {}

  add(row: number, { crossEntropy, places }: Pick<RowDistributions, 'crossEntropy' | 'places'>): void {
    for (const name of new Set([this.whole, ...(this.tags[row] ?? [])])) {
      const sum = this.#sums.get(name) ?? { nats: 0, tokens: 0 };
      this.#sums.set(name, { nats: sum.nats + crossEntropy * places.length, tokens: sum.tokens + places.length });
    }
  }

  all(): NamedLoss[] {
    return [...this.#sums].map(([name, { nats, tokens }]) => ({ name, tokens, loss: nats / tokens }));
  }
}

export async function tagsOfRows(datasetFolder: string, split: Split): Promise<(readonly string[])[]> {
  const tags: (readonly string[])[] = [];
  for await (const row of readRows(datasetFolder, { split })) tags.push(row.tags);
  return tags;
}
