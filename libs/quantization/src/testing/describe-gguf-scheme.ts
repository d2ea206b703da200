import { scope, tensor } from '@tunesmith/tensor';
import { readFileSync } from 'node:fs';
import { encodeGgufRows, type GgufScheme } from '../schemes/gguf-scheme.js';
import { describeScheme, type SchemeBounds } from './describe-scheme.js';

interface Fixture {
  readonly rows: number;
  readonly rowLength: number;
  readonly values: string;
  readonly importance: string;
  readonly encoded: Readonly<Record<string, string>>;
  readonly weighted: Readonly<Record<string, string>>;
}

/** What every scheme of GGUF with blocks must hold: the rules of all schemes, and the bytes of ggml's own quantizer (tests/parity/make-ggml-block-fixtures.py). */
export function describeGgufScheme(scheme: GgufScheme, bounds: SchemeBounds): void {
  describeScheme(scheme, bounds);

  const fixture = JSON.parse(readFileSync(new URL('../../../../tests/parity/fixtures/quantization/ggml-blocks.json', import.meta.url), 'utf8')) as Fixture;
  const { rows, rowLength } = fixture;
  const rowBytes = (rowLength / scheme.blockElements) * scheme.planes[0]!.bytesPerBlock;

  test.each(['float32', 'bfloat16', 'float16'] as const)(`${scheme.name} of %s rows is the same however many there are`, (dtype) => {
    const values = floats(fixture.values).map((value) => (Math.abs(value) < 60_000 ? value : 1));
    const [whole, apart] = scope(() => {
      const all = tensor(values, { dtype, shape: [rows, rowLength] });
      const single = (row: number) => tensor(values.subarray(row * rowLength, (row + 1) * rowLength), { dtype, shape: [1, rowLength] });
      return [encode(scheme, all), Buffer.concat(Array.from({ length: rows }, (_, row) => encode(scheme, single(row))))];
    });
    expect(differingRows(whole, apart)).toEqual([]);
  });

  test(`${scheme.name} gives the bytes of ggml`, () => {
    const bytes = scope(() => encode(scheme, tensor(floats(fixture.values), { shape: [rows, rowLength] })));
    expect(differingRows(bytes, Buffer.from(fixture.encoded[scheme.gguf.type]!, 'base64'))).toEqual([]);
  });

  test(`${scheme.name} gives the bytes of ggml with an importance matrix`, () => {
    const bytes = scope(() => encode(scheme, tensor(floats(fixture.values), { shape: [rows, rowLength] }), tensor(floats(fixture.importance))));
    expect(differingRows(bytes, Buffer.from(fixture.weighted[scheme.gguf.type]!, 'base64'))).toEqual([]);
  });

  function differingRows(ours: Uint8Array, theirs: Uint8Array): number[] {
    expect(ours.length).toBe(rows * rowBytes);
    const differs = (row: number) => Buffer.compare(ours.subarray(row * rowBytes, (row + 1) * rowBytes), theirs.subarray(row * rowBytes, (row + 1) * rowBytes)) !== 0;
    return Array.from({ length: rows }, (_, row) => row).filter(differs);
  }
}

function encode(scheme: GgufScheme, ...[rows, importance]: [Parameters<typeof encodeGgufRows>[1], Parameters<typeof encodeGgufRows>[3]?]): Uint8Array {
  return encodeGgufRows(scheme, rows, { tensor: 'fixture', firstRow: 0 }, importance);
}

function floats(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}
