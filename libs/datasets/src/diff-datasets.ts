import type { WorkContext } from '@tunesmith/tensor';
import { ContentTable } from './content-table.js';
import { readRows } from './read-rows.js';
import { rowText } from './row-text.js';
import type { Row } from './row.js';
import { hashContent, hashQuestion } from './split.js';

/** A row of one of the two, by its number from 1, and the beginning of what it says. */
export interface ShownRow {
  readonly row: number;
  readonly text: string;
}

/** What became of the rows of one dataset in another. Rows that stand several times count once. */
export interface DatasetDifference {
  readonly left: { readonly rows: number };
  readonly right: { readonly rows: number };
  /** Rows that say the same in both. */
  readonly same: number;
  /** Of those, rows that are in another split. */
  readonly moved: number;
  /** Rows whose question is in both, but not with the same answer. */
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  readonly byTag: Readonly<Record<string, { readonly left: number; readonly right: number }>>;
  /** The first of each. */
  readonly examples: { readonly moved: readonly ShownRow[]; readonly changed: readonly ShownRow[]; readonly added: readonly ShownRow[]; readonly removed: readonly ShownRow[] };
}

export interface DiffDatasetsOptions {
  readonly leftFolder: string;
  readonly rightFolder: string;
  /** How many rows of each kind are shown. */
  readonly examples?: number;
}

const shownCharacters = 200;

/**
 * Compares two dataset folders by what their rows say, whatever their order. Memory holds hashes of rows, never the rows.
 *
 * @throws DatasetError `dataset-corrupt`.
 */
export async function diffDatasets({ leftFolder, rightFolder, examples = 5 }: DiffDatasetsOptions, { signal, onProgress }: WorkContext): Promise<DatasetDifference> {
  const shown = { moved: [] as ShownRow[], changed: [] as ShownRow[], added: [] as ShownRow[], removed: [] as ShownRow[] };
  const show = (kind: keyof typeof shown, row: Row, number: number): void => {
    if (shown[kind].length < examples) shown[kind].push({ row: number, text: beginning(row) });
  };
  const byTag = new Map<string, { left: number; right: number }>();
  const read = async (side: 'left' | 'right', phase: string, each: (row: Row, number: number) => void): Promise<number> => {
    let number = 0;
    for await (const row of readRows(side === 'left' ? leftFolder : rightFolder, { signal })) {
      number += 1;
      each(row, number);
      if (number % 1000 === 0) onProgress({ phase, done: number, unit: 'rows' });
    }
    return number;
  };
  const [left, right, removedQuestions, changedQuestions] = [new ContentTable(), new ContentTable(), new ContentTable(), new ContentTable()];
  const gather = (side: 'left' | 'right', table: ContentTable): Promise<number> =>
    read(side, `read ${side}`, (row, line) => {
      table.firstOf(hashContent(row), { file: 0, line, split: row.split });
      for (const tag of row.tags) {
        const counts = byTag.get(tag) ?? { left: 0, right: 0 };
        counts[side] += 1;
        byTag.set(tag, counts);
      }
    });
  const leftRows = await gather('left', left);
  const rightRows = await gather('right', right);

  const counts = { same: 0, moved: 0, changed: 0, added: 0, removed: 0 };
  await read('left', 'compare left', (row, line) => {
    const hash = hashContent(row);
    if (left.find(hash)?.line === line && !right.find(hash)) removedQuestions.firstOf(hashQuestion(row), { file: 0, line, split: row.split });
  });
  await read('right', 'compare right', (row, line) => {
    const hash = hashContent(row);
    if (right.find(hash)?.line !== line) return;
    const before = left.find(hash);
    if (before) {
      counts.same += 1;
      if (before.split === row.split) return;
      counts.moved += 1;
      show('moved', row, line);
    } else if (removedQuestions.find(hashQuestion(row))) {
      changedQuestions.firstOf(hashQuestion(row), { file: 0, line, split: row.split });
      counts.changed += 1;
      show('changed', row, line);
    } else {
      counts.added += 1;
      show('added', row, line);
    }
  });
  await read('left', 'compare left', (row, line) => {
    const hash = hashContent(row);
    if (left.find(hash)?.line !== line || right.find(hash) || changedQuestions.find(hashQuestion(row))) return;
    counts.removed += 1;
    show('removed', row, line);
  });
  return { left: { rows: leftRows }, right: { rows: rightRows }, ...counts, byTag: Object.fromEntries([...byTag].sort(([one], [other]) => (one < other ? -1 : 1))), examples: shown };
}

function beginning(row: Row): string {
  const text = rowText(row);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters - 1).toWellFormed()}…` : text;
}
