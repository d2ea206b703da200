import fc from 'fast-check';
import { GgufConfigReader, shortestFloat32 } from './gguf-config.js';

const reader = (values: Record<string, unknown>) => new GgufConfigReader('llama', { get: (key) => values[key], tensorShape: () => undefined });

describe('GgufConfigReader', () => {
  test('reads floats as people wrote them', () => {
    expect(reader({ 'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5) }).float('attention.layer_norm_rms_epsilon')).toBe(1e-5);
  });

  test('takes 64-bit integers', () => {
    expect(reader({ 'llama.block_count': 30n }).integer('block_count')).toBe(30);
  });

  test.each([
    [{}, /integer under llama\.block_count, it is missing/],
    [{ 'llama.block_count': -1 }, /non-negative integer under llama\.block_count, got -1/],
    [{ 'llama.block_count': [1] }, /got an array/],
    [{ 'llama.block_count': 2n ** 60n }, /non-negative integer/],
  ])('names the key of a wrong value: %p', (values, message) => {
    expect(() => reader(values).integer('block_count')).toThrow(message);
  });

  test('refuses a scaling kind that it does not know', () => {
    expect(() => reader({ 'llama.rope.scaling.type': 'longrope', 'llama.rope.scaling.factor': 2 }).ropeScaling()).toThrow(/none, linear or yarn/);
  });
});

test('shortestFloat32 never changes the float32', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(shortestFloat32(value))).toBe(Math.fround(value));
    }),
  );
});
