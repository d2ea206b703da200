import { readFileSync } from 'node:fs';
import { bfloat16FromFloat32 } from './float-conversion.js';
import { dequantizableGgufTypes, dequantizeGguf, dequantizeGgufToBfloat16 } from './dequantize-gguf.js';
import { ggmlTypeByName } from './gguf-types.js';

interface Fixture {
  readonly type: string;
  readonly blocks: string;
  readonly values: string;
}

// Written by tests/parity/make-gguf-fixtures.py from gguf-py 0.19.0.
const fixtures: Fixture[] = JSON.parse(readFileSync(new URL('./fixtures/gguf-blocks.json', import.meta.url), 'utf8'));
const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

describe('dequantizeGguf', () => {
  it('has a fixture for every type', () => {
    expect(fixtures.map(({ type }) => type).sort()).toEqual([...dequantizableGgufTypes].sort());
  });

  it.each(fixtures)('decodes $type to the same bits as gguf-py', ({ type, blocks, values }) => {
    const expected = new Uint32Array(bytesOf(values).buffer);
    const decoded = dequantizeGguf(type, bytesOf(blocks), expected.length);
    expect(new Uint32Array(decoded.buffer)).toEqual(expected);
  });

  it.each(fixtures)('decodes $type to bfloat16 in slices as it does whole', ({ type, blocks }) => {
    const { blockBytes, blockElements } = ggmlTypeByName(type)!;
    const once = bytesOf(blocks);
    // More than two slices, with a part at the end.
    const repeats = Math.ceil(70_000 / ((once.length / blockBytes) * blockElements));
    const bytes = new Uint8Array(once.length * repeats);
    for (let i = 0; i < repeats; i += 1) bytes.set(once, i * once.length);
    const count = (bytes.length / blockBytes) * blockElements;
    // Compared as bytes: the matcher is slow on long arrays.
    const whole = bfloat16FromFloat32(dequantizeGguf(type, bytes, count));
    expect(Buffer.compare(Buffer.from(dequantizeGgufToBfloat16(type, bytes, count).buffer), Buffer.from(whole.buffer))).toBe(0);
  });

  it('applies a change in float32, before rounding', () => {
    const bytes = new Uint8Array(Float32Array.of(1.00390625, 2).buffer);
    const subtractOne = (values: Float32Array) => values.forEach((value, i) => (values[i] = value - 1));
    expect([...dequantizeGgufToBfloat16('F32', bytes, 2, subtractOne)]).toEqual([...bfloat16FromFloat32(Float32Array.of(0.00390625, 1))]);
  });

  it('refuses types without a decoder and sizes that do not fit', () => {
    expect(() => dequantizeGguf('IQ2_XS', new Uint8Array(74), 256)).toThrow(expect.objectContaining({ code: 'gguf-type-not-decodable' }));
    expect(() => dequantizeGguf('Q4_0', new Uint8Array(18), 16)).toThrow(expect.objectContaining({ code: 'gguf-block-mismatch' }));
    expect(() => dequantizeGguf('Q4_0', new Uint8Array(17), 32)).toThrow(expect.objectContaining({ code: 'gguf-block-mismatch' }));
  });
});
