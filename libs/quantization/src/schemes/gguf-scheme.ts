import { dequantizeGguf, ggmlTypeByName } from '@tunesmith/checkpoints';
import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';
import type { QuantizationScheme } from './quantization-scheme.js';

/** A scheme that GGUF files carry. */
export interface GgufScheme extends QuantizationScheme {
  readonly gguf: { readonly type: string };
}

/** Where encoded rows come from, for errors. */
export interface RowsOrigin {
  readonly tensor: string;
  readonly firstRow: number;
}

/** A tensor type of GGUF as a scheme: encoded by the native kernel `gguf_quantize`, whose bytes are those of ggml's own quantizer. */
export function ggufScheme(name: string, type: string): GgufScheme {
  const { blockElements, blockBytes } = ggmlTypeByName(type)!;
  const scheme: GgufScheme = {
    name,
    blockElements,
    planes: [{ name: 'blocks', bytesPerBlock: blockBytes }],
    gguf: { type },
    encode: (values) => [scope(() => encodeGgufRows(scheme, tensor(values, { dtype: 'float32', shape: [1, values.length] }), { tensor: 'a row', firstRow: 0 }))],
    decode: ([bytes], count) => dequantizeGguf(type, bytes!, count),
  };
  return scheme;
}

/**
 * Encodes `rows` [rows, columns] of any float type; `importance` [columns] in float32 weighs the error of each column, as an importance matrix does.
 * Throws QuantizationError `value-not-finite`, and `value-out-of-range` where float16 cannot hold a number or a block's scale.
 */
export function encodeGgufRows(scheme: GgufScheme, rows: Tensor, origin: RowsOrigin, importance?: Tensor): Uint8Array {
  return encodeGgufBlocks(scheme, rows, origin, importance).toBytes();
}

/** The same as a tensor [rows, bytes]. */
export function encodeGgufBlocks({ name, gguf }: GgufScheme, rows: Tensor, { tensor: tensorName, firstRow }: RowsOrigin, importance?: Tensor): Tensor {
  const [blocks, notFinite, beyondHalf] = ops.ggufQuantize(rows, gguf.type, importance);
  const columns = rows.shape[1]!;
  const placeOf = (element: number) => ({ row: firstRow + Math.floor(element / columns), column: element % columns });
  if (notFinite >= 0) {
    const { row, column } = placeOf(notFinite);
    throw new QuantizationError({
      code: 'value-not-finite',
      message: `${tensorName} holds a number that is not finite at row ${row}, column ${column}; expected finite weights. The model is damaged: evaluate it before quantizing it.`,
      facts: { tensor: tensorName, row, column, scheme: name },
    });
  }
  if (beyondHalf >= 0) {
    const { row, column } = placeOf(beyondHalf);
    throw new QuantizationError({
      code: 'value-out-of-range',
      message: `${tensorName}, row ${row}, from column ${column}: the weight or the scale of its block is larger than float16 can hold (at most 65504). Choose gguf/bf16, gguf/f32 or onnx/fp32.`,
      facts: { tensor: tensorName, row, column, scheme: name },
    });
  }
  return blocks;
}
