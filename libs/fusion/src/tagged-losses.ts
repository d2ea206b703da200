import { readRows, type Split } from '@tunesmith/datasets';
import type { RowDistributions } from '@tunesmith/training';

/** In nats. */
export interface NamedLoss {
  readonly name: string;
  /** Trained ones, over which the loss is the mean. */
  readonly tokens: number;
  readonly metrics: {
    readonly loss: number;
    /** Of the whole, where rows have tags: the mean of the tags' losses, to which a domain of short answers gives as much as one of long ones. */
    readonly loss_by_tag?: number;
  };
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
    const losses = [...this.#sums].map(([name, { nats, tokens }]) => ({ name, tokens, metrics: { loss: nats / tokens } }));
    const tagged = losses.filter(({ name }) => name !== this.whole);
    return losses.map((each) => (each.name === this.whole && tagged.length > 0 ? { ...each, metrics: { ...each.metrics, loss_by_tag: mean(tagged.map(({ metrics }) => metrics.loss)) } } : each));
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The tags of each row of a split, in their order. */
export async function tagsOfRows(datasetFolder: string, split: Split): Promise<(readonly string[])[]> {
  const tags: (readonly string[])[] = [];
  for await (const row of readRows(datasetFolder, { split })) tags.push(row.tags);
  return tags;
}
