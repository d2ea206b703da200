import fc from 'fast-check';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtomicFile } from './atomic-file.js';
import { openSafetensors } from './safetensors-reader.js';
import { writeSafetensors, writeShard, type SafetensorsEntry } from './safetensors-writer.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const entry = (name: string, dtype: string, shape: number[], byteLength: number): SafetensorsEntry => ({
  name,
  dtype,
  shape,
  bytes: Uint8Array.from({ length: byteLength }, (_, i) => (i * 7 + name.length) & 255),
});

async function* oneByOne(entries: readonly SafetensorsEntry[]): AsyncGenerator<SafetensorsEntry> {
  for (const item of entries) yield item;
}

async function* pieces(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield new Uint8Array(size);
}

/** Ready bytes, two at a time. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 2) yield bytes.subarray(at, at + 2);
}

describe('writeSafetensors', () => {
  it('orders by alignment, then by name, and pads the header to eight bytes', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    await writeSafetensors(path, [entry('z', 'U8', [3], 3), entry('b', 'BF16', [2], 4), entry('a', 'BF16', [1], 2), entry('q', 'F32', [1], 4)]);
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    expect(bytes.subarray(8, 8 + length).toString()).toMatch(/^\{"__metadata__":\{"format":"pt"\},"q":.*,"a":.*,"b":.*,"z":.*\} *$/);
    await using source = await openSafetensors(path);
    expect([...source.names()]).toEqual(['q', 'a', 'b', 'z']);
    expect(await readdir(folder.path)).toEqual(['x.safetensors']);
  });

  it('returns what was written, whether bytes come ready, on demand, in pieces, or one by one', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    const sizes: Record<string, number> = { U8: 1, BF16: 2, F32: 4, I64: 8 };
    const tensors = fc.uniqueArray(fc.record({ name: fc.string({ unit: 'binary' }), dtype: fc.constantFrom(...Object.keys(sizes)), shape: fc.array(fc.nat(5), { maxLength: 3 }) }), {
      selector: ({ name }) => name,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(tensors, fc.constantFrom('ready', 'on demand', 'in pieces', 'one by one'), async (specs, manner) => {
        const entries = specs
          .filter(({ name }) => name !== '__metadata__' && name.isWellFormed())
          .map(({ name, dtype, shape }) => entry(name, dtype, shape, shape.reduce((a, b) => a * b, 1) * sizes[dtype]!));
        const lazy = entries.map((item) => ({ ...item, bytes: async () => (item.bytes instanceof Uint8Array ? item.bytes : item.bytes()) }));
        const divided = entries.map((item) => ({ ...item, bytes: () => slices(item.bytes as Uint8Array) }));
        await writeSafetensors(path, manner === 'ready' ? entries : manner === 'on demand' ? lazy : manner === 'in pieces' ? divided : oneByOne(entries), { metadata: {} });
        await using source = await openSafetensors(path);
        expect([...source.names()].sort()).toEqual(entries.map(({ name }) => name).sort());
        for (const { name, dtype, shape, bytes } of entries) {
          expect(source.info(name)).toMatchObject({ dtype, shape });
          expect(await source.read(name)).toEqual(bytes);
        }
      }),
      { numRuns: 40 },
    );
    expect(await readdir(folder.path)).toEqual(['x.safetensors']);
  });

  it('divides into shards with an index', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'model.safetensors');
    const entries = ['a', 'b', 'c'].map((name) => entry(name, 'F32', [4], 16));
    const written = await writeSafetensors(path, entries, { maxShardBytes: 32 });
    expect(written.map((name) => name.slice(folder.path.length + 1))).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
    expect(JSON.parse(await readFile(`${path}.index.json`, 'utf8'))).toEqual({
      metadata: { total_size: 48 },
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00001-of-00002.safetensors', c: 'model-00002-of-00002.safetensors' },
    });
    await using source = await openSafetensors(folder.path);
    expect(await source.read('c')).toEqual(entries[2]!.bytes);
  });

  it.each<[string, SafetensorsEntry[], string]>([
    ['a size that is not the shape', [entry('a', 'F32', [4], 15)], 'safetensors-size-mismatch'],
    ['pieces that are more than the shape', [{ ...entry('a', 'F32', [4], 0), bytes: () => pieces(8, 9) }], 'safetensors-size-mismatch'],
    ['pieces that are less than the shape', [{ ...entry('a', 'F32', [4], 0), bytes: () => pieces(8, 7) }], 'safetensors-size-mismatch'],
    ['a late size that is not the shape', [{ ...entry('a', 'F32', [4], 0), bytes: () => new Uint8Array(15) }], 'safetensors-size-mismatch'],
    ['the same name twice', [entry('a', 'U8', [1], 1), entry('a', 'U8', [1], 1)], 'safetensors-duplicate-tensor'],
    ['the reserved name', [entry('__metadata__', 'U8', [1], 1)], 'safetensors-duplicate-tensor'],
    ['an unknown dtype', [entry('a', 'Q8_0', [1], 1)], 'safetensors-unknown-dtype'],
    ['a negative shape', [entry('a', 'U8', [-1], 1)], 'safetensors-bad-shape'],
    ['an impossible shape', [entry('a', 'U8', [2 ** 30, 2 ** 30], 1)], 'safetensors-bad-shape'],
  ])('refuses %s and leaves nothing behind', async (_, entries, code) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    await expect(writeSafetensors(path, entries)).rejects.toMatchObject({ code });
    await expect(writeSafetensors(path, oneByOne(entries))).rejects.toMatchObject({ code });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('leaves the old file untouched and removes written shards when a source fails', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'model.safetensors');
    await writeFile(path, 'old');
    const failing: SafetensorsEntry = { ...entry('z', 'F32', [4], 0), bytes: () => Promise.reject(new Error('source broke')) };
    await expect(writeSafetensors(path, [entry('a', 'F32', [4], 16), failing])).rejects.toThrow('source broke');
    await expect(writeSafetensors(path, [entry('a', 'F32', [4], 16), failing], { maxShardBytes: 16 })).rejects.toThrow('source broke');
    expect(await readdir(folder.path)).toEqual(['model.safetensors']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('refuses folders that do not exist', async () => {
    await using folder = await temporaryFolder();
    await expect(writeSafetensors(join(folder.path, 'no/x.safetensors'), [])).rejects.toMatchObject({ name: 'FileWriteError', code: 'file-write-failed' });
  });
});

describe('a full disk', () => {
  // /dev/full is the kernel's own full device: every write to it fails with ENOSPC.
  it('is told plainly and leaves no half file', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.safetensors');
    const temporaryPath = join(folder.path, 'x.partial');
    await symlink('/dev/full', temporaryPath);
    await using file = await AtomicFile.create(path, { temporaryPath });
    const tensor = { name: 'a', dtype: 'U8', shape: [1], byteLength: 1, load: async () => new Uint8Array(1) };
    await expect(writeShard(file, [tensor], {})).rejects.toMatchObject({ name: 'FileWriteError', code: 'disk-full', message: expect.stringContaining('No space left') });
    expect(await readdir(folder.path)).toEqual([]);
  });
});
