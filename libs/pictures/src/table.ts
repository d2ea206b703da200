import { escapeXml } from './escape-xml.js';

/** Numbers are right-aligned, with four places; null is an empty cell. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const aligned = columns.map((_, index) => (rows.some((row) => typeof row[index] === 'number') ? '---:' : '---'));
  return [columns, aligned, ...rows.map((row) => row.map(cellText).map((text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')))].map(line).join('');
}

export function htmlTable({ columns, rows }: Table): string {
  const head = `<tr>${columns.map((column) => `<th>${escapeXml(column)}</th>`).join('')}</tr>`;
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td${typeof cell === 'number' ? ' class="number"' : ''}>${escapeXml(cellText(cell))}</td>`).join('')}</tr>`);
  return `<table>\n${[head, ...body].join('\n')}\n</table>`;
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return Math.abs(cell) >= 1e-3 && Math.abs(cell) < 1e6 ? cell.toFixed(4) : cell.toPrecision(4);
}
