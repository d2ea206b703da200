import { displayWidth } from './display-width.js';

/** Rows as aligned columns, two spaces apart, under a heading. Columns named in `right` are aligned to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], right: readonly string[] = []): string[] {
  const widths = headings.map((heading, column) => Math.max(displayWidth(heading), ...rows.map((row) => displayWidth(row[column] ?? ''))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat(Math.max(0, widths[column]! - displayWidth(cell)));
        if (right.includes(headings[column]!)) return padding + cell;
        return column === cells.length - 1 ? cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)];
}
