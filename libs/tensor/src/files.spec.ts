import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksumFile } from './checksum-file.js';
import { empty, tensor } from './creation.js';
import { liveTensors, mapFile, missingPages, ops, scope } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function checksumOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'bytes');
  writeFileSync(path, bytes);
  const file = openSync(path, 'r');
  try {
    return (await checksumFile(file, 0, bytes.byteLength)).toString(16).padStart(16, '0');
  } finally {
    closeSync(file);
  }
}

// By python-xxhash 3 (xxh64, seed 0).
test.each([
  ['nothing', new Uint8Array(), 'ef46db3751d8e999'],
  ['a', Buffer.from('a'), 'd24ec4f1a98c6e5b'],
  ['abc', Buffer.from('abc'), '44bc2cf5ad770999'],
  ['more than a stripe', Buffer.from('Nobody inspects the spammish repetition'), 'fbcea83c8a378bf1'],
  ['several pieces', Uint8Array.from({ length: 1_200_001 }, (_, index) => index % 251), '65f88ed9948709ce'],
])('the checksum of %s is XXH64', async (_name, bytes, expected) => {
  expect(await checksumOf(bytes)).toBe(expected);
});

test('what another thread writes, another thread reads, and both tell whether it is finite', async () => {
  const file = openSync(join(folder, 'tensor'), 'w+');
  using source = tensor(Array.from({ length: 400_000 }, (_, index) => index - 200_000), { dtype: 'bfloat16' });
  const { finite, checksum } = await source.writeFileAsync(file, 10);
  expect(finite).toBe(true);
  expect(checksum).toBe(await checksumFile(file, 10, source.byteLength));
  expect(readFileSync(join(folder, 'tensor')).subarray(10)).toEqual(Buffer.from(source.toBytes()));
  using target = empty([400_000], { dtype: 'bfloat16' });
  expect(await target.readFileAsync(file, 10)).toBe(true);
  expect(scope(() => ops.equal(target, source))).toBe(true);

  scope(() => void ops.fillInPlace(ops.narrow(source, 0, 399_999, 1), NaN));
  expect((await source.writeFileAsync(file, 0)).finite).toBe(false);
  expect(await target.readFileAsync(file, 0)).toBe(false);
  await expect(target.readFileAsync(file, 800_000)).rejects.toMatchObject({ name: 'TensorError', code: 'file-truncated' });
  await expect(checksumFile(file, 800_000, 100)).rejects.toMatchObject({ code: 'file-truncated' });
  closeSync(file);
});

test.each([
  ['copied, where it is small', 1000],
  ['as it lies, where it is large', 1_500_001],
])('a tensor of a part of a file: %s', async (_how, size) => {
  const file = openSync(join(folder, `mapped-${size}`), 'w+');
  const before = liveTensors();
  using source = tensor(Array.from({ length: size }, (_, index) => (index % 200) - 100), { dtype: 'bfloat16' });
  await source.writeFileAsync(file, 10);
  const form = { shape: [1, size], dtype: 'bfloat16' as const };
  const { tensor: read, finite } = await mapFile(file, 10, form);
  expect([finite, read.shape, read.dtype]).toEqual([true, [1, size], 'bfloat16']);
  expect(scope(() => ops.equal(read, ops.reshape(source, [1, size])))).toBe(true);
  // What is written into it stays out of the file.
  scope(() => void ops.fillInPlace(read, 7));
  read.dispose();
  const { tensor: again } = await mapFile(file, 10, form);
  expect(scope(() => ops.equal(again, ops.reshape(source, [1, size])))).toBe(true);
  again.dispose();

  scope(() => void ops.fillInPlace(ops.narrow(source, 0, size - 1, 1), Infinity));
  await source.writeFileAsync(file, 10);
  const broken = await mapFile(file, 10, form);
  expect(broken.finite).toBe(false);
  broken.tensor.dispose();
  // Not looked at, it is taken as it is.
  const unseen = await mapFile(file, 10, form, false);
  expect(unseen.finite).toBe(true);
  expect(scope(() => ops.equal(unseen.tensor, ops.reshape(source, [1, size])))).toBe(true);
  unseen.tensor.dispose();
  expect(liveTensors()).toBe(before + 1);
  await expect(mapFile(file, 12, form)).rejects.toMatchObject({ name: 'TensorError', code: 'file-truncated' });
  closeSync(file);
});

test('a file that is cut off while it is mapped does not end the process: zeros take the place of what is gone, and are told', async () => {
  const file = openSync(join(folder, 'cut'), 'w+');
  using source = scope(() => ops.onesLike(empty([1_500_000], { dtype: 'bfloat16' })));
  await source.writeFileAsync(file, 0);
  const { tensor: read } = await mapFile(file, 0, { shape: [1_500_000], dtype: 'bfloat16' });
  const before = missingPages();
  expect(scope(() => ops.sumAll(read, 'float32').item())).toBe(1_500_000);
  expect(missingPages()).toBe(before);
  ftruncateSync(file, 1 << 20);
  expect(scope(() => ops.sumAll(read, 'float32').item())).toBe((1 << 20) / 2);
  expect(missingPages()).toBeGreaterThan(before);
  read.dispose();
  closeSync(file);
});

test('a disk without space is told by its code', async () => {
  const full = openSync('/dev/full', 'r+');
  using source = tensor([1, 2, 3]);
  await expect(source.writeFileAsync(full, 0)).rejects.toMatchObject({ name: 'TensorError', code: 'disk-full' });
  closeSync(full);
});

test('the memory outlives a tensor that is disposed of while it is written', async () => {
  const file = openSync(join(folder, 'gone'), 'w+');
  const source = tensor(new Float32Array(2_000_000).fill(7));
  const writing = source.writeFileAsync(file, 0);
  source.dispose();
  expect((await writing).finite).toBe(true);
  using target = empty([2_000_000]);
  await target.readFileAsync(file, 0);
  expect(scope(() => ops.all(ops.eqScalar(target, 7)).item())).toBe(1);
  closeSync(file);
});
