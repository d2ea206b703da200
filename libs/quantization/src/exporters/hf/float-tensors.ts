import { bfloat16FromFloat32, elementCount, float16FromFloat32, isFinite16Or32, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { storedShape, type WeightName } from '@tunesmith/models';
import { QuantizationError } from '../../quantization-error.js';
import type { WeightReader } from '../weight-reader.js';

const pieceBytes = 8 << 20;
const typeNames = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' } as const;

/** A tensor that is taken over as it is, a piece at a time. Its bytes throw QuantizationError `value-not-finite`. */
export function floatTensor(weights: WeightReader, weight: WeightName): SafetensorsEntry {
  const name = weight.huggingFace;
  const shape = storedShape(weight);
  const { dtype, bytesPerElement } = weights.stored(name, shape);
  const total = elementCount(shape) * bytesPerElement;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < total; start += pieceBytes) {
      const bytes = new Uint8Array(Math.min(pieceBytes, total - start));
      await weights.readInto(name, start, bytes);
      if (!isFinite16Or32(typeNames[dtype], bytes)) throw notFinite(name);
      yield bytes;
    }
  }
  return { name, dtype: typeNames[dtype], shape, bytes: pieces };
}

/** Values as a tensor of this type. */
export function floatEntry(name: string, shape: readonly number[], values: Float32Array, dtype: keyof typeof typeNames): SafetensorsEntry {
  const stored = dtype === 'float32' ? values : dtype === 'float16' ? float16FromFloat32(values) : bfloat16FromFloat32(values);
  return { name, dtype: typeNames[dtype], shape, bytes: new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength) };
}

/** A model whose weights are damaged. */
export function notFinite(name: string): QuantizationError {
  return new QuantizationError({ code: 'value-not-finite', message: `${name} holds a number that is not finite; expected finite weights. The model is damaged: evaluate it before quantizing it.`, facts: { tensor: name } });
}
