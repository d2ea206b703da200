import type { FinishedSpan } from '@tunesmith/contracts';
import { displayWidth, fitWidth } from '../terminal/display-width.js';
import type { Terminal } from '../terminal/terminal.js';

interface Node {
  readonly span: FinishedSpan;
  readonly children: Node[];
  /** True where the span hangs on a link (across a queue) rather than on a parent. */
  readonly linked: boolean;
}

const serviceColours = ['cyan', 'green', 'yellow', 'magenta', 'blue'] as const;

/**
 * Spans as a tree with time running to the right:
 *
 *     registry  run                       ████████████████   81234.5
 *     trainer     train.requested.v1        ██████           40120.1
 */
export function drawWaterfall(spans: readonly FinishedSpan[], terminal: Pick<Terminal, 'columns' | 'paint'>): string[] {
  if (spans.length === 0) return ['no spans have arrived yet'];
  const start = Math.min(...spans.map((span) => span.startTime));
  const end = Math.max(...spans.map((span) => span.endTime));
  const rows = flatten(spanTree(spans));
  const colourOf = new Map([...new Set(spans.map((span) => span.service))].map((service, index) => [service, serviceColours[index % serviceColours.length]!]));
  const serviceWidth = Math.max(...spans.map((span) => displayWidth(span.service)));
  const nameWidth = Math.min(Math.max(...rows.map(({ label }) => displayWidth(label))), Math.max(16, Math.floor(terminal.columns * 0.4)));
  const timeWidth = (end - start).toFixed(1).length;
  const barWidth = Math.max(10, terminal.columns - serviceWidth - nameWidth - timeWidth - 6);
  return rows.map(({ span, label }) => {
    const name = fitWidth(label, nameWidth);
    const bar = drawBar((span.startTime - start) / (end - start || 1), (span.endTime - start) / (end - start || 1), barWidth);
    const colour = span.status === 'error' ? 'red' : colourOf.get(span.service)!;
    const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - displayWidth(text)));
    const line = `${padded(span.service, serviceWidth)}  ${padded(name, nameWidth)}  ${terminal.paint(colour, bar)}  ${(span.endTime - span.startTime).toFixed(1).padStart(timeWidth)}`;
    return span.status === 'error' ? `${line}  ${terminal.paint('red', span.statusMessage ?? 'error')}` : line;
  });
}

/** The roots: spans without a parent or link among the others. More than one means that the trace is not connected. */
export function spanTree(spans: readonly FinishedSpan[]): Node[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const nodes = new Map<string, Node>();
  const parentOf = new Map<string, string>();
  for (const span of spans) {
    const parent = span.parentSpanId !== undefined && ids.has(span.parentSpanId) ? span.parentSpanId : undefined;
    const link = parent ? undefined : span.links.find((each) => ids.has(each.spanId) && each.spanId !== span.spanId)?.spanId;
    nodes.set(span.spanId, { span, children: [], linked: link !== undefined });
    const above = parent ?? link;
    if (above !== undefined) parentOf.set(span.spanId, above);
  }
  const roots: Node[] = [];
  for (const [id, node] of nodes) (parentOf.has(id) ? nodes.get(parentOf.get(id)!)!.children : roots).push(node);
  const sort = (list: Node[]): Node[] => list.sort((a, b) => a.span.startTime - b.span.startTime);
  for (const node of nodes.values()) sort(node.children);
  return sort(roots);
}

function flatten(nodes: readonly Node[], depth = 0): { span: FinishedSpan; label: string }[] {
  return nodes.flatMap((node) => [{ span: node.span, label: `${'  '.repeat(depth)}${node.linked ? '↪ ' : ''}${node.span.name}` }, ...flatten(node.children, depth + 1)]);
}

/** Both ends between 0 and 1. The shortest span still shows. */
function drawBar(from: number, to: number, width: number): string {
  const first = Math.min(width - 1, Math.floor(from * width));
  const last = Math.max(first + 1, Math.min(width, Math.round(to * width)));
  const mark = (to - from) * width < 0.5 ? '▏' : '█';
  return `${' '.repeat(first)}${mark.repeat(last - first)}${' '.repeat(width - last)}`;
}
