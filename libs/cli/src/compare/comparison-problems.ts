import type { Document, LineCounter } from 'yaml';
import { UsageError } from '../errors.js';

/** Something wrong in a YAML file, by the keys that lead there. */
export interface FileProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Every problem with the line that it stands in: that of the nearest key that the file has. */
export function problemsError(file: string, document: Document, lines: LineCounter, problems: readonly FileProblem[]): UsageError {
  return new UsageError(problems.map(({ path, message }) => `${file}:${lineOf(document, lines, path)}: ${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message}`).join('\n'));
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const offset = offsetOf(document, path.slice(0, length));
    if (offset !== undefined) return lines.linePos(offset).line;
  }
  return 1;
}

/** Where the key stands, or the item of a list. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1)!;
  const items: unknown[] = typeof parent === 'object' && parent !== null && 'items' in parent && Array.isArray(parent.items) ? parent.items : [];
  const node = typeof last === 'number' ? items[last] : items.map((item) => (item as { key?: unknown }).key).find((key) => typeof key === 'object' && key !== null && 'value' in key && String(key.value) === String(last));
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? (node.range[0] as number) : undefined;
}
