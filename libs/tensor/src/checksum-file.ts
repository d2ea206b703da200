import { library } from './library.js';

/** XXH64 (seed 0) of `bytes` bytes of an open file from `offset` on, by another thread: what `Tensor.writeFileAsync` tells of what it wrote. Throws `file-truncated`. */
export function checksumFile(descriptor: number, offset: number, bytes: number): Promise<bigint> {
  return library().checksumFile(descriptor, offset, bytes);
}
