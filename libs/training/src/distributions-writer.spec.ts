import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { writeArrow, type ArrowColumn, type ArrowField } from '@tunesmith/checkpoints';
import { scope } from '@tunesmith/tensor';
import { DistributionsWriter } from './distributions-writer.js';
import { distributionsFields, distributionsFile, distributionsFormat, StoredDistributions, type RowDistributions } from './stored-distributions.js';

const half = (...values: number[]): Uint16Array => new Uint16Array(Float16Array.from(values).buffer);
const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
interface Changeable {
  readonly fields: ArrowField[];
  readonly metadata: Map<string, string>;
  readonly batch: ArrowColumn[];
}
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

test.each<[string, (content: Changeable) => void]>([
  ['another format', ({ metadata }) => void metadata.set('format', 'tunesmith-distributions-2')],
  ['lists that end elsewhere', ({ batch }) => void (batch[1] = { ...batch[1]!, of: { length: 6, values: bytesOf(Int32Array.of(5, 6, 7, 8, 9, 3)) } })],
  ['entries for fewer places', ({ batch }) => void (batch[4] = { ...batch[4]!, of: { length: 2, of: { length: 4, values: bytesOf(half(-0.5, -1, -2, -3)) } } })],
  ['other columns', ({ fields }) => void (fields[5] = { name: 'perplexity', type: { kind: 'float32' } })],
])('refuses %s', async (_what, change) => {
  await using folder = await temporaryFolder();
  const content: Changeable = {
    fields: distributionsFields(2), metadata: new Map([['format', distributionsFormat], ['splits', 'train']]),
    batch: [
      { length: 3, offsets: bytesOf(Int32Array.of(0, 5, 10, 15)), values: Buffer.from('traintraintrain') },
      { length: 3, offsets: bytesOf(BigInt64Array.of(0n, 3n, 3n, 7n)), of: { length: 7, values: bytesOf(Int32Array.of(5, 6, 7, 8, 9, 3, 4)) } },
      { length: 3, offsets: bytesOf(BigInt64Array.of(0n, 2n, 2n, 3n)), of: { length: 3, values: bytesOf(Int32Array.of(0, 1, 2)) } },
      { length: 3, offsets: bytesOf(BigInt64Array.of(0n, 2n, 2n, 3n)), of: { length: 3, of: { length: 6, values: bytesOf(Int32Array.of(6, 1, 7, 2, 4, 0)) } } },
      { length: 3, offsets: bytesOf(BigInt64Array.of(0n, 2n, 2n, 3n)), of: { length: 3, of: { length: 6, values: bytesOf(half(-0.5, -1, -2, -3, 0, -Infinity)) } } },
      { length: 3, values: bytesOf(Float32Array.of(0.75, NaN, 2)) },
    ],
  };
  const writeContent = () => writeArrow(join(folder.path, distributionsFile), { fields: content.fields, metadata: Object.fromEntries(content.metadata), batches: [content.batch] });
  await writeContent();
  {
    using stored = await StoredDistributions.open(folder.path, 'train');
    for (const [index, row] of rows.entries()) expect(stored.row(index)).toEqual(row);
  }
  change(content);
  await writeContent();
  await expect(StoredDistributions.open(folder.path, 'train')).rejects.toMatchObject({ code: 'distributions-broken' });
});
