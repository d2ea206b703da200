import type { Problem, ProblemCode } from './problem.js';
import { placeholdersIn } from './placeholders.js';
import type { Row, Split } from './row.js';

/** What `report.json` says about a dataset. The same rows make the same report: no path and no time stands in it. */
export interface DatasetReport {
  readonly rows: number;
  readonly bySplit: Readonly<Record<Split, number>>;
  readonly byTag: Readonly<Record<string, Readonly<Record<Split, number>>>>;
  /** Rows by the form in which they came. */
  readonly formats: Readonly<Record<string, number>>;
  /** Keys that were left out, by how many rows had them. */
  readonly ignoredKeys: Readonly<Record<string, number>>;
  /** Rows whose conversation stands earlier in the file, word for word. They are kept. */
  readonly duplicates: number;
  /** Rows that wait for the model's own answer. */
  readonly waitingForAnswer: number;
  /** Names in {{NAME}} that are still to be filled in. */
  readonly placeholders: readonly string[];
  /** Of whole conversations, in UTF-16 units: rows by the power of two that bounds their length. */
  readonly characters: { readonly total: number; readonly shortest: number; readonly longest: number; readonly histogram: readonly { readonly upTo: number; readonly rows: number }[] };
  readonly dropped: { readonly rows: number; readonly reasons: Readonly<Partial<Record<ProblemCode, number>>>; readonly problems: readonly Problem[] };
}

const nothingDropped: DatasetReport['dropped'] = { rows: 0, reasons: {}, problems: [] };

/** Counts rows as they pass. */
export class ReportBuilder {
  private rows = 0;
  private readonly bySplit = { train: 0, validation: 0 };
  private readonly byTag = new Map<string, Record<Split, number>>();
  private readonly formats = new Map<string, number>();
  private readonly ignoredKeys = new Map<string, number>();
  private readonly placeholders = new Set<string>();
  private readonly lengths = new Map<number, number>();
  private duplicates = 0;
  private waitingForAnswer = 0;
  private total = 0;
  private shortest = Infinity;
  private longest = 0;

  add(row: Row, { format, ignored = [], duplicate = false }: { format: string; ignored?: readonly string[]; duplicate?: boolean }): void {
    this.rows += 1;
    this.bySplit[row.split] += 1;
    for (const tag of row.tags) {
      const counts = this.byTag.get(tag) ?? { train: 0, validation: 0 };
      counts[row.split] += 1;
      this.byTag.set(tag, counts);
    }
    increment(this.formats, format);
    for (const key of ignored) increment(this.ignoredKeys, key);
    for (const name of placeholdersIn(row)) this.placeholders.add(name);
    if (duplicate) this.duplicates += 1;
    if (row.answerWith) this.waitingForAnswer += 1;
    const characters = row.messages.reduce((sum, { content }) => sum + content.length, 0) + (row.text ?? '').length + (row.rejected ?? '').length;
    this.total += characters;
    this.shortest = Math.min(this.shortest, characters);
    this.longest = Math.max(this.longest, characters);
    increment(this.lengths, 2 ** Math.ceil(Math.log2(characters)));
  }

  finish(dropped: DatasetReport['dropped'] = nothingDropped): DatasetReport {
    return {
      rows: this.rows,
      bySplit: { ...this.bySplit },
      byTag: sorted(this.byTag),
      formats: sorted(this.formats),
      ignoredKeys: sorted(this.ignoredKeys),
      duplicates: this.duplicates,
      waitingForAnswer: this.waitingForAnswer,
      placeholders: [...this.placeholders].sort(),
      characters: {
        total: this.total,
        shortest: this.rows > 0 ? this.shortest : 0,
        longest: this.longest,
        histogram: [...this.lengths].sort(([left], [right]) => left - right).map(([upTo, rows]) => ({ upTo, rows })),
      },
      dropped,
    };
  }
}

export function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function sorted<Value>(map: ReadonlyMap<string, Value>): Record<string, Value> {
  return Object.fromEntries([...map].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
}
