import { QuantizationError } from '../quantization-error.js';

/** One stream of encoded bytes. Every block contributes the same number of bytes to each plane of its scheme. */
export interface Plane {
  readonly name: string;
  readonly bytesPerBlock: number;
}

/**
 * How rows of weights become blocks of bytes, and back. A scheme is pure arithmetic over whole blocks; `encodeRows` checks what it is given.
 * Adding one: a file here that exports it, its spec (the compliance suite and its error bound), one line in schemes.ts.
 */
export interface QuantizationScheme {
  /** As the formats write it: `q8_0`. */
  readonly name: string;
  /** Consecutive elements of one row that share a scale. */
  readonly blockElements: number;
  readonly planes: readonly Plane[];
  /** Set when GGUF files carry this scheme: the tensor type's name. */
  readonly gguf?: { readonly type: string };
  /** Encodes `values.length / blockElements` blocks of finite numbers: one byte array per plane. */
  encode(values: Float32Array): Uint8Array[];
  /** The numbers that a runtime reads back from `planes`: `count` of them. */
  decode(planes: readonly Uint8Array[], count: number): Float32Array;
}

/** Throws QuantizationError `row-not-divisible` where rows of `rowLength` elements are not whole blocks. */
export function checkRowLength(scheme: QuantizationScheme, rowLength: number, tensorName: string): void {
  if (rowLength % scheme.blockElements === 0) return;
  throw new QuantizationError({
    code: 'row-not-divisible',
    message: `${tensorName} has rows of ${rowLength} elements; ${scheme.name} needs a multiple of ${scheme.blockElements}. Choose a target without blocks, such as gguf/bf16 or onnx/fp32.`,
    facts: { tensor: tensorName, rowLength, blockElements: scheme.blockElements, scheme: scheme.name },
  });
}

/**
 * Encodes rows of `rowLength` elements: a piece of the tensor `tensorName`, whole rows from `firstRow` on.
 * Throws QuantizationError `row-not-divisible` and `value-not-finite`.
 */
export function encodeRows(scheme: QuantizationScheme, values: Float32Array, rowLength: number, tensorName: string, firstRow = 0): Uint8Array[] {
  checkRowLength(scheme, rowLength, tensorName);
  requireFinite(values, rowLength, { tensor: tensorName, scheme: scheme.name, firstRow });
  return scheme.encode(values);
}

/** Throws QuantizationError `value-not-finite`, which says where. */
export function requireFinite(values: Float32Array, rowLength: number, { tensor, scheme, firstRow = 0 }: { readonly tensor: string; readonly scheme: string; readonly firstRow?: number }): void {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    // NaN and the infinities are the numbers that differ from zero when they are taken from themselves.
    if (value - value === 0) continue;
    const [row, column] = [firstRow + Math.floor(i / rowLength), i % rowLength];
    throw new QuantizationError({
      code: 'value-not-finite',
      message: `${tensor} holds ${value} at row ${row}, column ${column}; expected finite weights. The model is damaged: evaluate it before quantizing it.`,
      facts: { tensor, row, column, value: String(value), scheme },
    });
  }
}
