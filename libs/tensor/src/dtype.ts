import { TensorError } from './errors.js';

/** Element types that every room knows. */
export type DType = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

/** Bytes of one element. */
export const dtypeBytes: Readonly<Record<DType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Narrows a name to a DType; throws TensorError `dtype-unknown`. */
export function asDType(name: string): DType {
  if (Object.hasOwn(dtypeBytes, name)) return name as DType;
  throw new TensorError({
    message: `There is no dtype '${name}' here; the names are ${Object.keys(dtypeBytes).join(', ')}`,
    code: 'dtype-unknown',
    facts: { dtype: name },
  });
}

export function isFloatingPoint(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16' || dtype === 'float64';
}
