import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openGguf } from './gguf-reader.js';
import { GgufBytes, kv } from './testing/gguf-bytes.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const file = () => new GgufBytes();
const types = { f32: 0, f16: 1, q4_0: 2, q4_2: 4, i8: 24, i64: 27 };

async function open(bytes: GgufBytes | Uint8Array) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.gguf');
  await writeFile(path, bytes instanceof GgufBytes ? bytes.bytes() : bytes);
  await using source = await openGguf(path);
  return { metadata: source.metadata, infos: [...source.names()].map((name) => source.info(name)), data: await Promise.all([...source.names()].map((name) => source.read(name))) };
}

/** One tensor `t` of 32 bytes of float32 in an otherwise right file. */
const oneTensor = (write: (bytes: GgufBytes) => unknown, data = 32): GgufBytes => {
  const bytes = file().header({ tensors: 1 });
  write(bytes);
  return bytes.pad(32).raw(...Array(data).keys());
};
const oneValue = (write: (bytes: GgufBytes) => unknown): GgufBytes => {
  const bytes = file().header({ pairs: 1 });
  write(bytes);
  return bytes;
};
const aligned = (alignment: number, type: number = kv.u32) => oneValue((bytes) => bytes.text('general.alignment').u32(type).u32(alignment));
const withAlignment = (alignment: number) =>
  file().header({ tensors: 2, pairs: 1 }).text('general.alignment').u32(kv.u32).u32(alignment).tensor('a', [3], types.i8, 0);

describe('openGguf', () => {
  it.each<[string, GgufBytes]>([
    ['HEADER_EMPTY', file().header({})],
    ['version 2', file().header({ version: 2 })],
    ['TENSORS_ZERO_DIM', oneTensor((bytes) => bytes.tensor('t', [8, 0], types.f32, 0), 0)],
    ['TENSORS_CUSTOM_ALIGN', withAlignment(1).tensor('b', [3], types.i8, 3).raw(1, 2, 3, 4, 5, 6)],
    ['an alignment of 64', withAlignment(64).tensor('b', [3], types.i8, 64).pad(64).raw(...Array(67).keys())],
    ['a scalar', oneTensor((bytes) => bytes.tensor('t', [], types.f32, 0), 4)],
    ['an empty array', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(kv.string).u64(0))],
    ['a tensor without padding at the end', oneTensor((bytes) => bytes.tensor('t', [1], types.f32, 0), 4)],
  ])('accepts %s', async (_, bytes) => {
    await expect(open(bytes)).resolves.toBeDefined();
  });

  it('reads values of every type', async () => {
    const bytes = file().header({ pairs: 16 });
    bytes.text('u8').u32(kv.u8).raw(200).text('i8').u32(kv.i8).raw(-2).text('u16').u32(kv.u16).raw(1, 2).text('i16').u32(kv.i16).raw(0xfe, 0xff);
    bytes.text('u32').u32(kv.u32).u32(0xfffffffe).text('i32').u32(kv.i32).u32(-5).text('u64').u32(kv.u64).u64(2n ** 53n - 1n).text('i64').u32(kv.i64).u64(-3);
    bytes.text('huge').u32(kv.u64).u64(2n ** 64n - 1n).text('yes').u32(kv.bool).raw(1);
    bytes.text('f32').u32(kv.f32).raw(0, 0, 0x80, 0x3f).text('f64').u32(kv.f64).raw(0, 0, 0, 0, 0, 0, 0xf0, 0x3f).text('text').u32(kv.string).text('grüß');
    bytes.text('texts').u32(kv.array).u32(kv.string).u64(2).text('a').text('');
    bytes.text('ints').u32(kv.array).u32(kv.i32).u64(2).u32(1).u32(-1);
    bytes.text('flags').u32(kv.array).u32(kv.bool).u64(2).raw(0, 1);
    const { metadata } = await open(bytes);
    const plain = Object.fromEntries([...metadata.entries()].map(([key, { value }]) => [key, typeof value === 'object' ? [...value] : value]));
    expect(plain).toEqual({
      u8: 200,
      i8: -2,
      u16: 513,
      i16: -2,
      u32: 0xfffffffe,
      i32: -5,
      u64: Number.MAX_SAFE_INTEGER,
      i64: -3,
      huge: 2n ** 64n - 1n,
      yes: true,
      f32: 1,
      f64: 1,
      text: 'grüß',
      texts: ['a', ''],
      ints: [1, -1],
      flags: [false, true],
    });
    expect(metadata.optionalNumbers('ints')).toEqual([1, -1]);
    expect(() => metadata.string('u8')).toThrow(expect.objectContaining({ code: 'gguf-metadata-mistyped' }));
    expect(() => metadata.number('none')).toThrow(expect.objectContaining({ code: 'gguf-metadata-missing' }));
  });

  it('reads shapes slowest first, and the bytes of each tensor', async () => {
    const { infos, data } = await open(file().header({ tensors: 2 }).tensor('a', [3, 2], types.i8, 0).tensor('b', [32], types.q4_0, 32).pad(32).raw(...Array(50).keys()));
    expect(infos).toEqual([
      { name: 'a', dtype: 'I8', shape: [2, 3], byteLength: 6 },
      { name: 'b', dtype: 'Q4_0', shape: [32], byteLength: 18 },
    ]);
    expect(data.map((bytes) => [...bytes])).toEqual([[0, 1, 2, 3, 4, 5], Array.from({ length: 18 }, (_, i) => 32 + i)]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /it has 0 bytes\. Fetch it again/],
    ['a pointer of Git LFS', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n'), /begins with "vers".*git lfs pull/],
    ['an archive', new TextEncoder().encode('PK\u0003\u0004'), /begins with "PK.*Hugging Face folder/],
    ['a file cut inside its header', file().header({ tensors: 2 }).bytes(), /the number of tensors is 2, .*fetch it again/],
  ])('says what to do about %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toMatchObject({ message: expect.stringMatching(message) as string });
  });

  const largestDimension = 0x7fffffffffffffc0n;
  const cases: [string, GgufBytes | Uint8Array, string][] = [
    ['an empty file', new Uint8Array(0), 'gguf-bad-magic'],
    ['HEADER_BAD_MAGIC', file().header({ magic: 'FUGG' }), 'gguf-bad-magic'],
    ['HEADER_BAD_VERSION_0', file().header({ version: 0 }), 'gguf-bad-version'],
    ['HEADER_BAD_VERSION_1', file().header({ version: 1 }), 'gguf-bad-version'],
    ['HEADER_BAD_VERSION_FUTURE', file().header({ version: 4 }), 'gguf-bad-version'],
    ['a big-endian file', file().header({ version: 0x03000000 }), 'gguf-big-endian'],
    ['HEADER_BAD_N_TENSORS', file().header({ tensors: -1 }), 'gguf-count-too-large'],
    ['more tensors than the file can describe', file().header({ tensors: 2 }).tensor('t', [1], types.f32, 0), 'gguf-count-too-large'],
    ['HEADER_BAD_N_KV', file().header({ pairs: -1 }), 'gguf-count-too-large'],
    ['a header cut in the version', file().raw(0x47, 0x47, 0x55, 0x46, 3), 'gguf-truncated'],
    ['a header cut in the counts', file().header({}).bytes().subarray(0, 20), 'gguf-truncated'],
    ['KV_BAD_KEY_SIZE', oneValue((bytes) => bytes.u64(-1).raw(...Array(16).keys())), 'gguf-count-too-large'],
    ['a key above 65535 bytes', oneValue((bytes) => bytes.text('k'.repeat(65_536)).u32(kv.u8).raw(1)), 'gguf-count-too-large'],
    ['KV_EMPTY_KEY', oneValue((bytes) => bytes.text('').u32(kv.u32).u32(1)), 'gguf-empty-key'],
    ['KV_BAD_TYPE', oneValue((bytes) => bytes.text('k').u32(13).u32(1)), 'gguf-bad-value-type'],
    ['a bad type in an array', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(99).u64(1)), 'gguf-bad-value-type'],
    ['an array of arrays', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(kv.array).u64(1).u32(kv.u8).u64(1).raw(1)), 'gguf-nested-array'],
    ['KV_DUPLICATE_KEY', file().header({ pairs: 2 }).text('k').u32(kv.u32).u32(1).text('k').u32(kv.u32).u32(1), 'gguf-duplicate-key'],
    ['KV_BAD_ALIGN', aligned(13), 'gguf-bad-alignment'],
    ['an alignment of 0', aligned(0), 'gguf-bad-alignment'],
    ['an alignment of 2^31', aligned(0x80000000), 'gguf-bad-alignment'],
    ['KV_WRONG_TYPE_ALIGN', aligned(32, kv.i32), 'gguf-bad-alignment'],
    ['a bool of 2', oneValue((bytes) => bytes.text('k').u32(kv.bool).raw(2, 0, 0, 0)), 'gguf-bad-bool'],
    ['a bool of 2 in an array', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(kv.bool).u64(1).raw(2)), 'gguf-bad-bool'],
    ['a string longer than the file', oneValue((bytes) => bytes.text('k').u32(kv.string).u64(2n ** 40n)), 'gguf-count-too-large'],
    ['an array longer than the file', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(kv.f64).u64(2n ** 61n)), 'gguf-count-too-large'],
    ['an array of more strings than the file holds', oneValue((bytes) => bytes.text('k').u32(kv.array).u32(kv.string).u64(3).text('').text('')), 'gguf-count-too-large'],
    ['text that is not UTF-8', oneValue((bytes) => bytes.text('k').u32(kv.string).u64(1).raw(0xff)), 'gguf-bad-text'],
    ['TENSORS_BAD_NAME_SIZE', oneTensor((bytes) => bytes.tensor('t'.repeat(64), [8], types.f32, 0)), 'gguf-bad-tensor-name'],
    ['an empty tensor name', oneTensor((bytes) => bytes.tensor('', [8], types.f32, 0)), 'gguf-bad-tensor-name'],
    ['TENSORS_BAD_N_DIMS', oneTensor((bytes) => bytes.tensor('t', [2, 2, 2, 1, 1], types.f32, 0)), 'gguf-bad-dimensions'],
    ['2^32 - 1 dimensions', oneTensor((bytes) => bytes.tensor('t', [8], types.f32, 0, 0xffffffff)), 'gguf-bad-dimensions'],
    ['TENSORS_BAD_SHAPE', oneTensor((bytes) => bytes.tensor('t', [-1], types.f32, 0)), 'gguf-bad-shape'],
    ['TENSORS_NE_TOO_BIG', oneTensor((bytes) => bytes.tensor('t', [4n * 0x7fffffffn, 4n * 0x7fffffffn], types.f32, 0)), 'gguf-shape-overflow'],
    ['TENSORS_NBYTES_TOO_BIG', oneTensor((bytes) => bytes.tensor('t', [2n ** 26n, 2n ** 25n], types.i64, 0)), 'gguf-shape-overflow'],
    ['TENSORS_BAD_TYPE', oneTensor((bytes) => bytes.tensor('t', [8], 42, 0)), 'gguf-unknown-type'],
    ['a removed type', oneTensor((bytes) => bytes.tensor('t', [32], types.q4_2, 0)), 'gguf-unknown-type'],
    ['rows that are no whole blocks', oneTensor((bytes) => bytes.tensor('t', [16, 2], types.q4_0, 0)), 'gguf-bad-shape'],
    ['TENSORS_BAD_OFFSET', oneTensor((bytes) => bytes.tensor('t', [8], types.f32, -1)), 'gguf-bad-offset'],
    ['an offset that leaves a hole', oneTensor((bytes) => bytes.tensor('t', [8], types.f32, 32)), 'gguf-bad-offset'],
    ['TENSORS_DUPLICATE_NAME', file().header({ tensors: 2 }).tensor('t', [8], types.f32, 0).tensor('t', [8], types.f32, 32).pad(32).raw(...Array(64).keys()), 'gguf-duplicate-tensor'],
    ['TENSORS_BAD_ALIGN', withAlignment(13).tensor('b', [3], types.i8, 13).pad(13).raw(...Array(16).keys()), 'gguf-bad-alignment'],
    ['TENSORS_INCONSISTENT_ALIGN', file().header({ tensors: 2 }).tensor('a', [3], types.i8, 0).tensor('b', [3], types.i8, 3).raw(...Array(64).keys()), 'gguf-bad-offset'],
    ['DATA_NOT_ENOUGH_DATA', oneTensor((bytes) => bytes.tensor('t', [8], types.f32, 0), 31), 'gguf-data-truncated'],
    ['DATA_BAD_ALIGN', withAlignment(13).tensor('b', [3], types.i8, 3).pad(13).raw(...Array(16).keys()), 'gguf-bad-alignment'],
    ['DATA_INCONSISTENT_ALIGN', file().header({ tensors: 2 }).tensor('a', [3], types.i8, 0).tensor('b', [3], types.i8, 3).raw(1, 2, 3, 4, 5, 6), 'gguf-bad-offset'],
    [
      'DATA_MEM_SIZE_OVERFLOW',
      file().header({ tensors: 2 }).tensor('a', [largestDimension], types.i8, 0).tensor('b', [largestDimension], types.i8, largestDimension).pad(32).raw(...Array(32).keys()),
      'gguf-shape-overflow',
    ],
    [
      'sizes that overflow together',
      file().header({ tensors: 2 }).tensor('a', [2n ** 53n - 64n], types.i8, 0).tensor('b', [2n ** 53n - 64n], types.i8, 2n ** 53n - 64n).pad(32),
      'gguf-shape-overflow',
    ],
    ['a tensor list that is cut', oneTensor((bytes) => bytes.tensor('t', [8], types.f32, 0)).bytes().subarray(0, 50), 'gguf-truncated'],
  ];
  it.each(cases)('refuses %s', async (_, bytes, code) => {
    await expect(open(bytes)).rejects.toMatchObject({ name: 'GgufError', code });
  });

  it('notices that a file shrinks after it was opened', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.gguf');
    await writeFile(path, oneTensor((bytes) => bytes.tensor('t', [8], types.f32, 0)).bytes());
    await using source = await openGguf(path);
    await truncate(path, 70);
    await expect(source.read('t')).rejects.toMatchObject({ code: 'file-truncated' });
    expect(() => source.info('u')).toThrow(expect.objectContaining({ code: 'gguf-tensor-missing' }));
  });
});

describe('a set of shards', () => {
  const shard = (number: number, count: number, name: string, total = count) => {
    const bytes = file().header({ tensors: 1, pairs: 3 });
    bytes.text('split.no').u32(kv.u16).raw(number, 0).text('split.count').u32(kv.u16).raw(count, 0).text('split.tensors.count').u32(kv.i32).u32(total);
    return bytes.tensor(name, [1], types.f32, 0).pad(32).raw(number, 0, 0, 0).bytes();
  };

  async function openSet(files: Record<string, Uint8Array>, first = 'm-00001-of-00002.gguf') {
    await using folder = await temporaryFolder();
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder.path, name), bytes);
    await using source = await openGguf(join(folder.path, first));
    return await Promise.all([...source.names()].map(async (name) => [name, (await source.read(name))[0]]));
  }

  it('is opened by its first file', async () => {
    const files = { 'm-00001-of-00002.gguf': shard(0, 2, 'a'), 'm-00002-of-00002.gguf': shard(1, 2, 'b') };
    await expect(openSet(files)).resolves.toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    await expect(openSet(files, 'm-00002-of-00002.gguf')).rejects.toMatchObject({ code: 'gguf-not-first-shard', facts: { first: 'm-00001-of-00002.gguf' } });
  });

  it.each<[string, Record<string, Uint8Array>, string]>([
    ['a missing file', { 'm-00001-of-00002.gguf': shard(0, 2, 'a') }, 'gguf-shard-missing'],
    ['a file of another set', { 'm-00001-of-00002.gguf': shard(0, 2, 'a'), 'm-00002-of-00002.gguf': shard(1, 3, 'b') }, 'gguf-shard-mismatch'],
    ['the same tensor twice', { 'm-00001-of-00002.gguf': shard(0, 2, 'a'), 'm-00002-of-00002.gguf': shard(1, 2, 'a') }, 'gguf-duplicate-tensor'],
    ['too few tensors', { 'm-00001-of-00002.gguf': shard(0, 2, 'a', 3), 'm-00002-of-00002.gguf': shard(1, 2, 'b', 3) }, 'gguf-shard-mismatch'],
  ])('is refused with %s', async (_, files, code) => {
    await expect(openSet(files)).rejects.toMatchObject({ code });
  });

  it('is refused under another name', async () => {
    await expect(openSet({ 'm.gguf': shard(0, 2, 'a') }, 'm.gguf')).rejects.toMatchObject({ code: 'gguf-shard-mismatch' });
  });
});
