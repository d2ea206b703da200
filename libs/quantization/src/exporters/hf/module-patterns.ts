/**
 * Regular expressions over module paths, by the kind of each module: `.*\.self_attn\.q_proj$` for a kind that all layers' query projections have. Where modules of one name are of
 * different kinds, their whole paths.
 */
export function modulePatterns<Kind>(modules: readonly (readonly [path: string, kind: Kind])[]): Map<Kind, string[]> {
  const kinds = new Map<string, Set<Kind>>();
  for (const [path, kind] of modules) kinds.set(endOf(path), (kinds.get(endOf(path)) ?? new Set()).add(kind));
  const patterns = new Map<Kind, Set<string>>();
  for (const [path, kind] of modules) {
    const pattern = kinds.get(endOf(path))!.size === 1 ? `.*\\.${endOf(path)}$` : `${path.replaceAll('.', '\\.')}$`;
    patterns.set(kind, (patterns.get(kind) ?? new Set()).add(pattern));
  }
  return new Map([...patterns].map(([kind, found]) => [kind, [...found]]));
}

/** What stands behind the number of the layer, other numbers (experts) left open. */
function endOf(path: string): string {
  const parts = path.replace(/^.*?\.\d+\./, '').split('.');
  return parts.map((part) => (/^\d+$/.test(part) ? '\\d+' : part)).join('\\.');
}
