import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { diffDatasets } from './diff-datasets.js';
import { importDataset } from './import-dataset.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const row = (query: string, response: string, split = 'train', tags: readonly string[] = []): object => ({ query, response, split, tags });

test('rows are the same, moved, answered otherwise, added or removed, whatever their order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'diff-'));
  try {
    const dataset = async (name: string, rows: readonly object[]): Promise<string> => {
      await writeFile(join(folder, `${name}.jsonl`), rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
      await importDataset(join(folder, `${name}.jsonl`), join(folder, name), {}, context);
      return join(folder, name);
    };
    const leftFolder = await dataset('left', [row('same', 'A'), row('twice', 'A'), row('twice', 'A'), row('moved', 'A'), row('changed', 'A', 'train', ['law']), row('removed', 'A')]);
    const rightFolder = await dataset('right', [row('added', 'A', 'train', ['law']), row('changed', 'B'), row('moved', 'A', 'validation'), row('same', 'A'), row('twice', 'A')]);
    expect(await diffDatasets({ leftFolder, rightFolder }, context)).toEqual({
      left: { rows: 6 }, right: { rows: 5 }, same: 3, moved: 1, changed: 1, added: 1, removed: 1,
      byTag: { law: { left: 1, right: 1 } },
      examples: { moved: [{ row: 3, text: 'moved\nA' }], changed: [{ row: 2, text: 'changed\nB' }], added: [{ row: 1, text: 'added\nA' }], removed: [{ row: 6, text: 'removed\nA' }] },
    });
    expect(await diffDatasets({ leftFolder, rightFolder: leftFolder, examples: 0 }, context)).toMatchObject({ same: 5, moved: 0, changed: 0, added: 0, removed: 0 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
