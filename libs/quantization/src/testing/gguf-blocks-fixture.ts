import { readFileSync } from 'node:fs';

interface Fixture {
  readonly rowLength: number;
  readonly values: string;
  readonly encoded: Readonly<Record<string, string>>;
  readonly decoded: Readonly<Record<string, string>>;
}

/** What gguf-py makes of some rows (tests/parity/make-quantization-fixtures.py). */
export function ggufBlocksFixture(type: string): { values: Float32Array; encoded: Uint8Array; decoded: Float32Array } {
  const path = new URL('../../../../tests/parity/fixtures/quantization/gguf-blocks.json', import.meta.url);
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
  return { values: floats(fixture.values), encoded: Uint8Array.from(Buffer.from(fixture.encoded[type]!, 'base64')), decoded: floats(fixture.decoded[type]!) };
}

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

/** The rows of the fixture, through our encoder: the same bytes. */
export function expectBytesOfGgufPy(scheme: { name: string; encode(values: Float32Array): Uint8Array[]; decode(planes: readonly Uint8Array[], count: number): Float32Array }): void {
  const { values, encoded, decoded } = ggufBlocksFixture(scheme.name);
  const [bytes] = scheme.encode(values);
  expect(Buffer.from(bytes!).equals(Buffer.from(encoded))).toBe(true);
  expect(scheme.decode([encoded], values.length)).toEqual(decoded);
}
