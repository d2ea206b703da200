import type { QuantizationScheme } from './quantization-scheme.js';

/** A scheme that ONNX graphs carry in MatMulNBits and GatherBlockQuantized. */
export interface BlockScheme extends QuantizationScheme {
  /** Attributes of these operators. */
  readonly matMulNBits: { readonly bits: 4 | 8; readonly blockSize: number };
}
