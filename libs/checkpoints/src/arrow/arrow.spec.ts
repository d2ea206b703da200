import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { openArrow, type ArrowSource, type PlacedColumn } from './arrow-reader.js';
import type { ArrowField } from './arrow-types.js';
import { writeArrow, type ArrowColumn } from './arrow-writer.js';

// That others read these files too: tests/parity/distributions.peers.spec.ts.

const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
const fields: readonly ArrowField[] = [
  { name: 'name', type: { kind: 'text' } },
  { name: 'pairs', type: { kind: 'list', of: { kind: 'fixed-list', size: 2, of: { kind: 'float16' } } } },
  { name: 'loss', type: { kind: 'float32' } },
];
const batch: readonly ArrowColumn[] = [
  { length: 2, offsets: bytesOf(Int32Array.of(0, 1, 4)), values: Buffer.from('aé!') },
  { length: 2, offsets: bytesOf(BigInt64Array.of(0n, 3n, 3n)), of: { length: 3, of: { length: 6, values: { byteLength: 12, async *read() { yield* [bytesOf(Float16Array.of(1, 2)), bytesOf(Float16Array.of(3, 4, 5, -Infinity))]; } } } } },
  { length: 2, values: bytesOf(Float32Array.of(0.5, NaN)) },
];
const empty: readonly ArrowColumn[] = [
  { length: 0, offsets: bytesOf(Int32Array.of(0)), values: new Uint8Array(0) },
  { length: 0, offsets: bytesOf(BigInt64Array.of(0n)), of: { length: 0, of: { length: 0, values: new Uint8Array(0) } } },
  { length: 0, values: new Uint8Array(0) },
];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;
beforeAll(async () => {
  folder = await temporaryFolder('arrow');
  path = join(folder.path, 'two.arrow');
  await writeArrow(path, { fields, metadata: { by: 'a spec', empty: '' }, batches: [batch, empty] });
});
afterAll(() => folder?.remove());

const read = async (source: ArrowSource, place: PlacedColumn['values']): Promise<ArrayBuffer> => (await source.read(place!)).buffer as ArrayBuffer;

test('what is written is read back, batch by batch, from where it lies', async () => {
  await using source = await openArrow(path);
  expect(source.fields).toEqual(fields);
  expect([...source.metadata]).toEqual([['by', 'a spec'], ['empty', '']]);
  const [first, second] = source.batches;
  const column = (name: string): PlacedColumn => first!.get(name)!;
  expect(Buffer.from(await read(source, column('name').values)).toString()).toBe('aé!');
  expect([...new BigInt64Array(await read(source, column('pairs').offsets))]).toEqual([0n, 3n, 3n]);
  expect([...new Float16Array(await read(source, column('pairs').of!.of!.values))]).toEqual([1, 2, 3, 4, 5, -Infinity]);
  expect([...new Float32Array(await read(source, column('loss').values))]).toEqual([0.5, NaN]);
  expect([second!.get('name')!.length, second!.get('pairs')!.of!.length]).toEqual([0, 0]);
  for (const { begin } of [column('name').values!, column('pairs').offsets!, column('loss').values!]) expect(begin % 8).toBe(0);
});

test('cuts and bytes that are turned are refused by name or read as other values, never a crash', async () => {
  const bytes = await readFile(path);
  const broken = join(folder.path, 'broken.arrow');
  const opens = async (content: Uint8Array): Promise<string> => {
    await writeFile(broken, content);
    try {
      await using source = await openArrow(broken);
      return `${source.batches.length}`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  for (let length = 0; length < bytes.length; length += 13) expect(await opens(bytes.subarray(0, length))).toBe('arrow-broken');
  const seen = new Set<string>();
  for (let place = 0; place < bytes.length; place += 5) {
    const turned = Uint8Array.from(bytes);
    turned[place]! ^= 0xff;
    seen.add(await opens(turned));
  }
  expect([...seen].filter((each) => !['2', 'arrow-broken', 'arrow-unsupported', 'file-range'].includes(each))).toEqual([]);
});
