// What the demo prints: headings, columns, checks and times.
const columns = Math.max(60, Math.min(process.stdout.columns ?? 110, 140));

export function heading(text) {
  console.log(`\n${text}\n${'─'.repeat(Math.min(columns, text.length))}`);
}

export function indent(text) {
  for (const line of text.split('\n')) console.log(`  ${line}`);
}

/** A question with two answers beside one another. */
export function sideBySide(question, before, after) {
  const width = Math.floor((columns - 5) / 2);
  const [left, right] = [wrap(before, width), wrap(after, width)];
  console.log(`\n  ${question}`);
  for (let line = 0; line < Math.max(left.length, right.length); line += 1) console.log(`  ${(left[line] ?? '').padEnd(width)} │ ${right[line] ?? ''}`);
}

export function beside(left, right) {
  console.log(`  ${left.padEnd(Math.floor((columns - 5) / 2))} │ ${right}`);
}

/** Rows of texts as aligned columns; the first row is the heading. */
export function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    const cells = row.map((cell, column) => (typeof cell === 'number' || /^[\d.+-]/.test(String(cell)) ? String(cell).padStart(widths[column]) : String(cell).padEnd(widths[column])));
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}

function wrap(text, width) {
  const lines = [];
  for (const paragraph of text.trim().split('\n')) {
    let line = '';
    for (const word of paragraph.split(/\s+/)) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = '';
      }
      line = line === '' ? word.slice(0, width) : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const percent = (fraction, digits = 1) => `${(fraction * 100).toFixed(digits)} %`;
export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Counts what holds; the last line of the demo is made of it. */
export class Checks {
  #results = [];

  expect(holds, what) {
    this.#results.push([holds, what]);
  }

  get failed() {
    return this.#results.filter(([holds]) => !holds).length;
  }

  get line() {
    return `demo: ${this.#results.length - this.failed} passed, ${this.failed} failed`;
  }

  print() {
    for (const [holds, what] of this.#results) console.log(`  ${holds ? '✓' : '✗'} ${what}`);
  }
}

/** How long each part took. */
export class Phases {
  #parts = [];
  #started = performance.now();

  async time(name, body) {
    const before = performance.now();
    try {
      return await body();
    } finally {
      this.#parts.push([name, performance.now() - before]);
    }
  }

  get total() {
    return performance.now() - this.#started;
  }

  get rows() {
    return [...this.#parts, ['all together', this.total]].map(([name, time]) => [name, seconds(time)]);
  }
}
