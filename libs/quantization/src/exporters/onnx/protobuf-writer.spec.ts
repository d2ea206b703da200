import fc from 'fast-check';
import { ProtobufWriter } from './protobuf-writer.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// Examples of the protobuf encoding guide.
test('integers are varints', () => {
  expect(hex(new ProtobufWriter().integer(1, 150).finish())).toBe('089601');
  expect(hex(new ProtobufWriter().integer(1, -2).finish())).toBe('08feffffffffffffffff01');
  expect(hex(new ProtobufWriter().integer(20, 0).finish())).toBe('a00100');
});

test('text and messages carry their length', () => {
  expect(hex(new ProtobufWriter().string(2, 'testing').finish())).toBe('120774657374696e67');
  expect(hex(new ProtobufWriter().message(3, (inner) => inner.integer(1, 150)).finish())).toBe('1a03089601');
});

test('floats are four bytes, little-endian', () => {
  expect(hex(new ProtobufWriter().float(2, 1).finish())).toBe('150000803f');
});

test('any 64-bit integer comes back from its varint', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const bytes = new ProtobufWriter().integer(1, value).finish().subarray(1);
      expect(bytes.every((byte, index) => byte > 127 === index < bytes.length - 1)).toBe(true);
      expect(BigInt.asIntN(64, bytes.reduce((sum, byte, index) => sum | (BigInt(byte & 127) << BigInt(7 * index)), 0n))).toBe(value);
    }),
  );
});

test('grows with what is written', () => {
  const long = new Uint8Array(100_000).fill(7);
  expect(new ProtobufWriter().bytes(1, long).bytes(1, long).finish()).toHaveLength(200_008);
});
