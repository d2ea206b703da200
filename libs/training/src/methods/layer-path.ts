/** The repeated layer that a parameter belongs to, such as `model.layers.3`; null for embeddings, heads and last norms. */
export function layerPath(parameter: string): string | null {
  return /^(.*?\.\d+)\./.exec(parameter)?.[1] ?? null;
}
