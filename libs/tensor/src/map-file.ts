import type { DType } from './dtype.js';
import { library } from './library.js';
import { Tensor } from './tensor.js';

/**
 * A tensor whose elements are those of an open file, little-endian, row-major, from byte `offset` on, by another thread: where it is large it is not copied, and needs no memory
 * of its own. -> also whether all elements are finite, where they are `looked` at; else true, and what is not copied is read when it is used. The file must not change while the tensor lives; what cannot be read any more becomes zeros, which `missingPages`
 * tells. Throws `file-truncated`.
 */
export async function mapFile(descriptor: number, offset: number, { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: DType }, looked = true): Promise<{ tensor: Tensor; finite: boolean }> {
  const { tensor, finite } = await library().mapFileAsync(descriptor, offset, shape, dtype, looked);
  return { tensor: new Tensor(tensor), finite };
}

/** Pages of mapped files that could not be read any more when they were used, since the process began. */
export function missingPages(): number {
  return library().missingPages();
}
