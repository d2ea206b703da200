import fc from 'fast-check';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GgufValue } from './gguf-metadata.js';
import { openGguf } from './gguf-reader.js';
import { GgufWriter, writeGguf, type GgufPlan } from './gguf-writer.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const wellFormed = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed());
const integer = (type: 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32', min: number, max: number) => fc.integer({ min, max }).map((value): GgufValue => ({ type, value }));
const value: fc.Arbitrary<GgufValue> = fc.oneof(
  integer('uint8', 0, 255),
  integer('int8', -128, 127),
  integer('uint16', 0, 65535),
  integer('int16', -32768, 32767),
  integer('uint32', 0, 0xffffffff),
  integer('int32', -0x80000000, 0x7fffffff),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((big): GgufValue => ({ type: 'uint64', value: big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big })),
  fc.float({ noNaN: true }).map((number): GgufValue => ({ type: 'float32', value: number })),
  fc.double({ noNaN: true }).map((number): GgufValue => ({ type: 'float64', value: number })),
  fc.boolean().map((flag): GgufValue => ({ type: 'bool', value: flag })),
  wellFormed.map((text): GgufValue => ({ type: 'string', value: text })),
  fc.array(wellFormed).map((texts): GgufValue => ({ type: 'array', elementType: 'string', value: texts })),
  fc.int32Array().map((numbers): GgufValue => ({ type: 'array', elementType: 'int32', value: numbers })),
);

describe('GgufWriter', () => {
  it('writes what openGguf reads back', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.gguf');
    const tensor = fc.record({
      name: fc.string({ unit: fc.constantFrom(...'abc.0ß'), minLength: 1, maxLength: 10 }),
      type: fc.constantFrom('F32', 'BF16', 'Q8_0', 'Q4_K'),
      rows: fc.array(fc.nat(3), { maxLength: 2 }),
    });
    const blocks: Record<string, [number, number]> = { F32: [1, 4], BF16: [1, 2], Q8_0: [32, 34], Q4_K: [256, 144] };
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: fc.constantFrom(...'abc._'), minLength: 1 }), value, { maxKeys: 5 }),
        fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 4 }),
        fc.constantFrom(1, 32, 256),
        async (metadata, specs, alignment) => {
          const tensors = specs.map(({ name, type, rows }) => ({ name, type, shape: [...rows, blocks[type]![0] * 2] }));
          const data = tensors.map(({ type, shape }, i) => {
            const [elements, size] = blocks[type]!;
            return new Uint8Array((shape.reduce((a, b) => a * b, 1) / elements) * size).fill(i + 1);
          });
          await writeGguf(path, { metadata, tensors, alignment }, data);
          await using source = await openGguf(path);
          const { 'general.alignment': _, ...found } = Object.fromEntries(source.metadata.entries());
          expect(found).toEqual(metadata);
          expect([...source.names()].map((name) => source.info(name))).toEqual(
            tensors.map(({ name, type, shape }, i) => ({ name, dtype: type, shape, byteLength: data[i]!.length })),
          );
          for (const [i, { name }] of tensors.entries()) expect(await source.read(name)).toEqual(data[i]);
        },
      ),
      { numRuns: 40 },
    );
    expect(await readdir(folder.path)).toEqual(['x.gguf']);
  });

  const plan = (change: Partial<GgufPlan>): GgufPlan => ({ metadata: {}, tensors: [{ name: 'a', type: 'F32', shape: [2] }], ...change });
  it.each<[string, GgufPlan, string]>([
    ['an unknown type', plan({ tensors: [{ name: 'a', type: 'Q9', shape: [2] }] }), 'gguf-bad-plan'],
    ['a long name', plan({ tensors: [{ name: 'a'.repeat(64), type: 'F32', shape: [2] }] }), 'gguf-bad-plan'],
    ['a name twice', plan({ tensors: Array(2).fill({ name: 'a', type: 'F32', shape: [2] }) }), 'gguf-bad-plan'],
    ['rows that are no whole blocks', plan({ tensors: [{ name: 'a', type: 'Q8_0', shape: [32, 16] }] }), 'gguf-bad-plan'],
    ['five dimensions', plan({ tensors: [{ name: 'a', type: 'F32', shape: [1, 1, 1, 1, 1] }] }), 'gguf-bad-plan'],
    ['an odd alignment', plan({ alignment: 24 }), 'gguf-bad-alignment'],
    ['a value out of range', plan({ metadata: { a: { type: 'uint8', value: 256 } } }), 'gguf-bad-value'],
    ['a fraction as integer', plan({ metadata: { a: { type: 'int32', value: 0.5 } } }), 'gguf-bad-value'],
  ])('refuses %s', async (_, wrong, code) => {
    await using folder = await temporaryFolder();
    await expect(GgufWriter.create(join(folder.path, 'x.gguf'), wrong)).rejects.toMatchObject({ name: 'GgufError', code });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('leaves nothing behind when it is not finished', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.gguf');
    await expect(writeGguf(path, plan({}), [])).rejects.toMatchObject({ code: 'gguf-too-few-tensors' });
    await expect(writeGguf(path, plan({}), [new Uint8Array(7)])).rejects.toMatchObject({ code: 'gguf-size-mismatch' });
    await expect(writeGguf(path, plan({}), [new Uint8Array(8), new Uint8Array(8)])).rejects.toMatchObject({ code: 'gguf-too-many-tensors' });
    expect(await readdir(folder.path)).toEqual([]);
  });
});
