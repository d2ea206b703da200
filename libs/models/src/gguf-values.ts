import { dequantizeGguf, dequantizeGgufToBfloat16, elementCount } from '@tunesmith/checkpoints';
import { fromBytes, ops, scope } from '@tunesmith/tensor';
import type { GgufModel } from './gguf-model.js';
import type { WeightName } from './model-family.js';

/** The values of a weight as safetensors hold them, decoded to this type. */
export async function ggufValues(model: GgufModel, weight: WeightName, dtype: 'bfloat16' | 'float32'): Promise<Uint8Array> {
  const { shape, transform, stored: layout } = weight;
  const stored = await model.stored(weight);
  const change = transform?.kind === 'plus-one' ? subtractOne : undefined;
  const values = dtype === 'float32' ? dequantizeGguf(stored.dtype, stored.bytes, elementCount(shape)) : dequantizeGgufToBfloat16(stored.dtype, stored.bytes, elementCount(shape), change);
  if (values instanceof Float32Array) change?.(values);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return layout === 'transposed' ? scope(() => ops.t(fromBytes(bytes, { shape, dtype })).toBytes()) : bytes;
}

/** In float32, before rounding: a small weight beside the one would lose its digits in bfloat16. */
function subtractOne(values: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) values[i] = values[i]! - 1;
}
