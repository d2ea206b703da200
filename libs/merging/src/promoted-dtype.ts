import type { DType } from '@tunesmith/tensor';

/** The narrowest type that holds the numbers of all: what libtorch's promotion gives for floating-point types. */
export function promotedDtype(dtypes: readonly DType[]): DType {
  if (dtypes.includes('float64')) return 'float64';
  const [first = 'float32'] = dtypes;
  return dtypes.every((dtype) => dtype === first) ? first : 'float32';
}
