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

/** The first cell of a row names it, where it is a text. */
export function htmlTable({ columns, rows }: Table): string {
  const head = columns.map((column) => (column === '' ? '<td></td>' : `<th scope="col">${escapeXml(column)}</th>`));
  const body = rows.map((row) => `<tr>${row.map((cell, place) => (place === 0 && typeof cell === 'string' ? `<th scope="row">${escapeXml(cell)}</th>` : `<td${typeof cell === 'number' ? ' class="number"' : ''}>${escapeXml(grouped(cell))}</td>`)).join('')}</tr>`);
  return `<div class="wide"><table>\n<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

/** Large counts are read by their thousands. */
function grouped(cell: string | number | null): string {
  return typeof cell === 'number' && Number.isSafeInteger(cell) && Math.abs(cell) >= 10_000 ? cell.toLocaleString('en') : cellText(cell);
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return Math.abs(cell) >= 1e-3 && Math.abs(cell) < 1e6 ? cell.toFixed(4) : cell.toPrecision(4);
}
