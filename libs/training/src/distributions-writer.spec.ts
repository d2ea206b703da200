import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { openSafetensors, writeSafetensors } from '@tunesmith/checkpoints';
import { scope } from '@tunesmith/tensor';
import { DistributionsWriter } from './distributions-writer.js';
import { distributionsFile, StoredDistributions, type RowDistributions } from './stored-distributions.js';

const half = (...values: number[]): Uint16Array => new Uint16Array(Float16Array.from(values).buffer);
const rows: readonly RowDistributions[] = [
  { tokenIds: [5, 6, 7], places: Int32Array.of(0, 1), indices: Int32Array.of(6, 1, 7, 2), logits: half(-0.5, -1, -2, -3), crossEntropy: 0.75 },
  { tokenIds: [], places: new Int32Array(0), indices: new Int32Array(0), logits: new Uint16Array(0), crossEntropy: NaN },
  { tokenIds: [8, 9, 3, 4], places: Int32Array.of(2), indices: Int32Array.of(4, 0), logits: half(0, -Infinity), crossEntropy: 2 },
];

async function write(folder: string): Promise<void> {
  await using writer = await DistributionsWriter.create(folder, 2);
  for (const row of rows) await writer.append('train', row);
  await writer.begin('validation');
  await writer.finish({ by: 'a spec' });
}

test('what is written row by row is read back row by row, and nothing else stays', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path);
  expect(await readdir(folder.path)).toEqual([distributionsFile]);
  using stored = await StoredDistributions.open(folder.path, 'train');
  expect([stored.rows, stored.entries, stored.metadata.get('by')]).toEqual([3, 2, 'a spec']);
  for (const [index, row] of rows.entries()) expect(stored.row(index)).toEqual(row);
  using empty = await StoredDistributions.open(folder.path, 'validation');
  expect(empty.rows).toBe(0);
  expect([await StoredDistributions.covers(folder.path, 'train'), await StoredDistributions.covers(folder.path, 'validation')]).toEqual([true, true]);
});

test('finds places of rows in any order', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path);
  using stored = await StoredDistributions.open(folder.path, 'train');
  scope(() => {
    const { tokens, logits } = stored.at([[2, 2], [0, 1], [0, 0]], 0);
    expect(tokens!.toArray()).toEqual([4, 0, 7, 2, 6, 1]);
    expect(logits.toArray()).toEqual([0, -Infinity, -2, -3, -0.5, -1]);
    expect(stored.at([[0, 1]], 1).tokens!.toArray()).toEqual([7]);
  });
  const lossMask = [false, false, true];
  stored.expectRow({ index: 0, tokenIds: [5, 6, 7], lossMask });
  stored.expectRow({ index: 0, tokenIds: [5, 6], lossMask: [false, true] });
  expect(() => stored.expectRow({ index: 2, tokenIds: [8, 9, 3], lossMask })).toThrow(expect.objectContaining({ code: 'distributions-of-others' })); // nothing is said after 9
  expect(() => stored.expectRow({ index: 3, tokenIds: [], lossMask: [] })).toThrow(expect.objectContaining({ code: 'distributions-of-others' }));
});

test('a writer that is left unfinished leaves nothing', async () => {
  await using folder = await temporaryFolder();
  {
    await using writer = await DistributionsWriter.create(folder.path, 2);
    await writer.append('train', rows[0]!);
  }
  expect(await readdir(folder.path)).toEqual([]);
});

test.each([
  ['another format', (_entries: Map<string, number[]>) => undefined, 'tunesmith-distributions-1'],
  ['offsets that end elsewhere', (shapes: Map<string, number[]>) => void shapes.set('train.token_ids', [6]), undefined],
  ['entries for fewer places', (shapes: Map<string, number[]>) => void shapes.set('train.logits', [2, 2]), undefined],
])('refuses %s', async (_what, change, format) => {
  await using folder = await temporaryFolder();
  await write(folder.path);
  const path = join(folder.path, distributionsFile);
  const shapes = new Map<string, number[]>();
  const contents = new Map<string, { dtype: string; bytes: Uint8Array }>();
  {
    await using source = await openSafetensors(path);
    for (const name of source.names()) {
      shapes.set(name, [...source.info(name).shape]);
      contents.set(name, { dtype: source.info(name).dtype, bytes: await source.read(name) });
    }
  }
  change(shapes);
  const sizes: Readonly<Record<string, number>> = { I64: 8, I32: 4, F32: 4, F16: 2 };
  const entries = [...contents].map(([name, { dtype, bytes }]) => ({ name, dtype, shape: shapes.get(name)!, bytes: bytes.slice(0, shapes.get(name)!.reduce((size, length) => size * length, sizes[dtype]!)) }));
  await writeSafetensors(path, entries, { metadata: { format: format ?? 'tunesmith-distributions-2' } });
  await expect(StoredDistributions.open(folder.path, 'train')).rejects.toMatchObject({ code: 'distributions-broken' });
});
