import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors } from './safetensors-reader.js';
import { temporaryFolder } from './testing/temporary-folder.js';

type Json = string | Record<string, unknown>;

/** A file whose header length may lie. */
function fileBytes(header: Json | Uint8Array, data: Uint8Array | number = 0, length?: bigint): Uint8Array {
  const text = header instanceof Uint8Array ? header : new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const body = typeof data === 'number' ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] });

async function open(bytes: Uint8Array) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'model.safetensors');
  await writeFile(path, bytes);
  await using source = await openSafetensors(path);
  return { names: [...source.names()], infos: [...source.names()].map((name) => source.info(name)), metadata: Object.fromEntries(source.metadata) };
}

const overlapping = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, tensor('F32', [2, 2], 0, 16)]));

describe('openSafetensors', () => {
  it.each<[string, Uint8Array]>([
    ['a scalar', fileBytes({ a: tensor('F32', [], 0, 4) }, 4)],
    ['an empty tensor', fileBytes({ a: tensor('F32', [2, 0], 0, 0) })],
    ['no tensors, padded', fileBytes('{}\r \t\n')],
    ['leading whitespace', fileBytes('\t\n{}\r ')],
    ['packed four-bit values', fileBytes({ a: tensor('F4', [3, 2], 0, 3) }, 3)],
    ['tensors listed out of order', fileBytes({ b: tensor('U8', [2], 3, 5), a: tensor('U8', [3], 0, 3) }, 5)],
    ['names that look dangerous', fileBytes('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2)],
  ])('accepts %s', async (_, bytes) => {
    await expect(open(bytes)).resolves.toBeDefined();
  });

  it('reads metadata, shapes and the bytes of one tensor', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    const header = { __metadata__: { format: 'pt' }, b: tensor('I16', [2, 2], 4, 12), a: tensor('F32', [1], 0, 4) };
    await writeFile(path, fileBytes(header, Uint8Array.from({ length: 12 }, (_, i) => i)));
    await using source = await openSafetensors(path);
    expect([...source.names()]).toEqual(['a', 'b']);
    expect(Object.fromEntries(source.metadata)).toEqual({ format: 'pt' });
    expect(source.info('b')).toEqual({ name: 'b', dtype: 'I16', shape: [2, 2], byteLength: 8 });
    const bytes = await source.read('b');
    expect([...bytes]).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect(bytes.byteOffset).toBe(0);
    expect(() => source.info('c')).toThrow(expect.objectContaining({ code: 'safetensors-tensor-missing' }));
  });

  it('keeps __proto__ as a tensor name without touching prototypes', async () => {
    const { names } = await open(fileBytes('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1));
    expect(names).toEqual(['__proto__']);
    expect(Object.prototype).not.toHaveProperty('dtype');
  });

  const good = { a: tensor('F32', [2, 2], 0, 16) };
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'safetensors-header-too-small'],
    ['fewer than eight bytes', new Uint8Array(7), 'safetensors-header-too-small'],
    ['a length and nothing else', fileBytes('', 0, 60n), 'safetensors-header-truncated'],
    ['a header of no bytes', fileBytes('', 0), 'safetensors-header-not-json'],
    ['an enormous header length', fileBytes('{}', 0, 0xffffff000000003cn), 'safetensors-header-too-large'],
    ['the pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'), 'safetensors-header-too-large'],
    ['a web page', Buffer.from('<!DOCTYPE html><html></html>'), 'safetensors-header-too-large'],
    ['a header above 100 MB', fileBytes('{}', 0, 100_000_001n), 'safetensors-header-too-large'],
    ['a 4 GB header', fileBytes('{}', 0, 4_294_967_295n), 'safetensors-header-too-large'],
    ['a header longer than the file', fileBytes('{}', 0, 3n), 'safetensors-header-truncated'],
    ['a header that is not UTF-8', fileBytes(Uint8Array.of(0xff)), 'safetensors-header-not-utf8'],
    ['a header that is not JSON', fileBytes('{'), 'safetensors-header-not-json'],
    ['a header that is an array', fileBytes('[]'), 'safetensors-header-not-json'],
    ['a pickle', fileBytes(Uint8Array.of(0x80, 2, 0x7d), 3, 3n), 'safetensors-header-not-utf8'],
    ['trailing bytes', fileBytes(good, 20), 'safetensors-trailing-bytes'],
    ['missing bytes', fileBytes(good, 14), 'safetensors-data-truncated'],
    ['offsets outside the file', fileBytes({ a: tensor('U8', [4], 1000, 1004) }, 4), 'safetensors-bad-offsets'],
    ['a size that is not the shape', fileBytes({ a: tensor('F32', [2, 2], 0, 4) }, 4), 'safetensors-size-mismatch'],
    ['a wrong size of four-bit values', fileBytes({ a: tensor('F4', [2, 2], 0, 4) }, 4), 'safetensors-size-mismatch'],
    ['half a byte', fileBytes({ a: tensor('F4', [3], 0, 2) }, 2), 'safetensors-misaligned-bits'],
    ['six-bit values that fill no byte', fileBytes({ a: tensor('F6_E2M3', [3], 0, 3) }, 3), 'safetensors-misaligned-bits'],
    ['a size beyond 64 bits', fileBytes('{"a":{"dtype":"F32","shape":[2,18446744073709551614],"data_offsets":[0,16]}}', 16), 'safetensors-unsafe-integer'],
    ['a product beyond 64 bits', fileBytes('{"a":{"dtype":"F32","shape":[2,9223372036854775807],"data_offsets":[0,16]}}', 16), 'safetensors-unsafe-integer'],
    ['a product beyond 2^53', fileBytes({ a: tensor('F32', [94906267, 94906267], 0, 16) }, 16), 'safetensors-shape-overflow'],
    ['an infinite product', fileBytes({ a: tensor('F32', Array(40).fill(Number.MAX_SAFE_INTEGER), 0, 16) }, 16), 'safetensors-shape-overflow'],
    ['overlapping tensors', fileBytes(overlapping, 16), 'safetensors-bad-offsets'],
    ['a partial overlap', fileBytes({ a: tensor('U8', [4], 0, 4), b: tensor('U8', [4], 2, 6) }, 6), 'safetensors-bad-offsets'],
    ['a hole', fileBytes({ a: tensor('U8', [1], 0, 1), b: tensor('U8', [1], 2, 3) }, 3), 'safetensors-bad-offsets'],
    ['a hole at the start', fileBytes({ a: tensor('U8', [1], 1, 2) }, 2), 'safetensors-bad-offsets'],
    ['an end before the beginning', fileBytes({ a: tensor('U8', [0], 4, 0) }, 0), 'safetensors-bad-offsets'],
    ['negative offsets', fileBytes({ a: tensor('U8', [4], -4, 0) }, 4), 'safetensors-unsafe-integer'],
    ['fractional offsets', fileBytes({ a: tensor('U8', [4], 0, 4.5) }, 4), 'safetensors-unsafe-integer'],
    ['offsets in exponent form', fileBytes('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e0]}}', 1), 'safetensors-unsafe-integer'],
    ['a duplicate tensor', fileBytes(`{"a":${JSON.stringify(good.a)},"a":${JSON.stringify(good.a)}}`, 16), 'safetensors-duplicate-key'],
    ['a duplicate key in a tensor', fileBytes('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1), 'safetensors-duplicate-key'],
    ['an unknown dtype', fileBytes({ a: tensor('F128', [1], 0, 16) }, 16), 'safetensors-unknown-dtype'],
    ['a dtype named like a method', fileBytes({ a: tensor('constructor', [1], 0, 16) }, 16), 'safetensors-unknown-dtype'],
    ['an unknown key', fileBytes({ a: { ...good.a, strides: [2, 1] } }, 16), 'safetensors-bad-tensor'],
    ['a missing key', fileBytes({ a: { dtype: 'U8', shape: [1] } }, 1), 'safetensors-bad-tensor'],
    ['three offsets', fileBytes({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1, 1] } }, 1), 'safetensors-bad-tensor'],
    ['a shape of text', fileBytes({ a: tensor('U8', '1', 0, 1) }, 1), 'safetensors-bad-tensor'],
    ['a tensor that is text', fileBytes({ a: 'x' }, 1), 'safetensors-bad-tensor'],
    ['metadata with numbers', fileBytes({ __metadata__: { step: 5 } }), 'safetensors-bad-metadata'],
    ['metadata that is text', fileBytes({ __metadata__: 'pt' }), 'safetensors-bad-metadata'],
  ])('refuses %s', async (_, bytes, code) => {
    await expect(open(bytes)).rejects.toMatchObject({ name: 'SafetensorsError', code });
  });

  it('refuses missing files, folders without weights, and files that shrink', async () => {
    await using folder = await temporaryFolder();
    await expect(openSafetensors(join(folder.path, 'none.safetensors'))).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(openSafetensors(folder.path)).rejects.toMatchObject({ code: 'file-missing' });
    const path = join(folder.path, 'model.safetensors');
    await writeFile(path, fileBytes(good, 16));
    await using source = await openSafetensors(folder.path);
    await truncate(path, 40);
    await expect(source.read('a')).rejects.toMatchObject({ code: 'file-truncated' });
  });
});

describe('a sharded folder', () => {
  const shard = (name: string) => fileBytes({ [name]: tensor('U8', [1], 0, 1) }, 1);

  async function openShards(weightMap: unknown, files: Record<string, Uint8Array>) {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'sub'));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder.path, name), bytes);
    await writeFile(join(folder.path, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }));
    await using source = await openSafetensors(folder.path);
    return [...source.names()].sort();
  }

  const files = { 'm-1.safetensors': shard('a'), 'm-2.safetensors': shard('b') };

  it('joins its files', async () => {
    await expect(openShards({ a: 'm-1.safetensors', b: 'm-2.safetensors' }, files)).resolves.toEqual(['a', 'b']);
  });

  it.each<[string, unknown, string]>([
    ['a path upwards', { a: '../m-1.safetensors' }, 'safetensors-bad-index'],
    ['a path into a folder', { a: 'sub/m-1.safetensors' }, 'safetensors-bad-index'],
    ['an absolute path', { a: '/etc/m-1.safetensors' }, 'safetensors-bad-index'],
    ['a backslash', { a: '..\\m-1.safetensors' }, 'safetensors-bad-index'],
    ['another kind of file', { a: 'm-1.bin' }, 'safetensors-bad-index'],
    ['a number', { a: 1 }, 'safetensors-bad-index'],
    ['no map', [], 'safetensors-bad-index'],
    ['an empty map', {}, 'safetensors-bad-index'],
    ['a missing file', { a: 'm-3.safetensors' }, 'file-unreadable'],
    ['a tensor in the wrong file', { a: 'm-2.safetensors', b: 'm-1.safetensors' }, 'safetensors-index-mismatch'],
    ['a tensor that is nowhere', { a: 'm-1.safetensors', c: 'm-1.safetensors' }, 'safetensors-index-mismatch'],
  ])('refuses %s in its index', async (_, weightMap, code) => {
    await expect(openShards(weightMap, files)).rejects.toMatchObject({ code });
  });

  it('names the files of the index that are not there', async () => {
    await expect(openShards({ a: 'm-3.safetensors', b: 'm-1.safetensors', c: 'm-4.safetensors' }, files)).rejects.toThrow(/lacks 2 of the 3 weight files .*: m-3\.safetensors, m-4\.safetensors\. The download was not finished/);
  });

  it('refuses tensors that the index does not list, and the same tensor in two files', async () => {
    const two = fileBytes({ a: tensor('U8', [1], 0, 1), z: tensor('U8', [1], 1, 2) }, 2);
    await expect(openShards({ a: 'm-1.safetensors' }, { 'm-1.safetensors': two })).rejects.toMatchObject({ code: 'safetensors-index-mismatch' });
    await expect(openShards({ a: 'm-1.safetensors', b: 'm-2.safetensors' }, { 'm-1.safetensors': shard('a'), 'm-2.safetensors': shard('a') })).rejects.toMatchObject({
      code: 'safetensors-duplicate-tensor',
    });
  });
});
