import fc from 'fast-check';
import { bfloat16FromFloat32, float16FromFloat32, float32FromBfloat16, float32FromFloat16, isFinite16Or32 } from './float-conversion.js';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

const same = (a: Uint16Array, b: Uint16Array) => a.length === b.length && a.every((bits, i) => bits === b[i]);

describe('float conversion', () => {
  it('rounds float32 to the nearest bfloat16, ties to even', () => {
    fc.assert(
      fc.property(finite, (value) => {
        const [bits = 0] = bfloat16FromFloat32(Float32Array.of(value));
        const [rounded = 0] = float32FromBfloat16(Uint16Array.of(bits));
        if (!Number.isFinite(rounded)) return Math.abs(value) >= 2 ** 127 * (1 + 127 / 128);
        const neighbours = [bits - 1, bits + 1].filter((other) => (other & 0x7fff) !== 0x7f80 && other >= 0).map((other) => float32FromBfloat16(Uint16Array.of(other))[0]!);
        const distance = Math.abs(rounded - value);
        return neighbours.every((other) => Math.sign(other) !== Math.sign(rounded) || distance < Math.abs(other - value) || (distance === Math.abs(other - value) && bits % 2 === 0));
      }),
    );
  });

  it('knows the edges of bfloat16', () => {
    const halfway = new Float32Array(Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x80000000, 0x00000001).buffer);
    expect([...bfloat16FromFloat32(halfway)]).toEqual([0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x8000, 0x0000]);
  });

  it('keeps NaN a quiet NaN with its sign', () => {
    const signalling = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000).buffer);
    expect([...bfloat16FromFloat32(signalling)]).toEqual([0x7fc0, 0xffc0, 0x7fc0]);
    expect(float32FromFloat16(float16FromFloat32(Float32Array.of(NaN)))[0]).toBeNaN();
  });

  it('returns every bfloat16 and float16 unchanged through float32', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const bfloat16 = all.filter((bits) => (bits & 0x7f80) !== 0x7f80 || (bits & 0x7f) === 0);
    expect(same(bfloat16FromFloat32(float32FromBfloat16(bfloat16)), bfloat16)).toBe(true);
    const float16 = all.filter((bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0);
    expect(same(float16FromFloat32(float32FromFloat16(float16)), float16)).toBe(true);
  });

  it('finds NaN and infinity by their bits', () => {
    const bytes = (values: Float32Array | Uint16Array) => new Uint8Array(values.buffer);
    expect(isFinite16Or32('F32', bytes(Float32Array.of(1, -3e38)))).toBe(true);
    expect(isFinite16Or32('F32', bytes(Float32Array.of(1, NaN)))).toBe(false);
    expect(isFinite16Or32('BF16', bytes(Uint16Array.of(0x7f7f, 0xff80)))).toBe(false);
    expect(isFinite16Or32('F16', bytes(Uint16Array.of(0x7bff)))).toBe(true);
    expect(isFinite16Or32('F16', bytes(Uint16Array.of(0x7e00)))).toBe(false);
  });
});
