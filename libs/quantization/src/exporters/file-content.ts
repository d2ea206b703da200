/** A tensor that could not have the type that it should, because its rows are no whole blocks. */
export interface Fallback {
  readonly tensor: string;
  readonly wanted: string;
  readonly used: string;
  readonly columns: number;
}

/** What a written file consists of. Plain JSON. */
export type FileContent = {
  /** How many tensors there are of each type. */
  types: Record<string, number>;
  /** Tensors whose rows are no whole blocks of the type that they should have: how many, and what they became. */
  fallbacks: { wanted: string; used: string; columns: number; tensors: number }[];
  /** Of a GGUF file whose weights make up for each other's rounding: how many tensors do, and which with blocks do not. */
  compensated?: { tensors: number; others: string[] };
};

export function countFallbacks(fallbacks: readonly Fallback[]): FileContent['fallbacks'] {
  const counts = new Map<string, FileContent['fallbacks'][number]>();
  for (const { wanted, used, columns } of fallbacks) {
    const key = `${wanted} ${used} ${columns}`;
    const count = counts.get(key) ?? { wanted, used, columns, tensors: 0 };
    counts.set(key, { ...count, tensors: count.tensors + 1 });
  }
  return [...counts.values()];
}
