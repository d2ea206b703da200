import type { WeightTransform } from './model-family.js';

/** The rows of a tensor as stored in GGUF, in our order. Rows are moved whole, so packed ones may stay packed. */
export function movedRows(bytes: Uint8Array, rows: number, transform: WeightTransform | undefined): Uint8Array {
  if (transform?.kind === 'interleave-heads') return rowsFromGguf(bytes, rows, transform.heads);
  if (transform?.kind === 'join-roles') return separatedRoles(bytes, rows, transform.heads);
  return bytes;
}

/**
 * Undoes `interleave-heads` on the rows of a tensor as stored: GGUF row `h * headDim + 2i + c` becomes row `h * headDim + c * headDim / 2 + i`.
 * Rows are moved whole, so packed ones may stay packed. `bytes` is [heads * headDim, row] in any type.
 */
export function rowsFromGguf(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const headDim = rows / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0 || bytes.byteLength % rows !== 0) {
    throw new RangeError(`${rows} rows in ${bytes.byteLength} bytes cannot be divided into ${heads} heads of paired rows`);
  }
  const size = bytes.byteLength / rows;
  const half = headDim / 2;
  const out = new Uint8Array(bytes.byteLength);
  for (let head = 0; head < rows; head += headDim) {
    for (let i = 0; i < half; i += 1) {
      for (let c = 0; c < 2; c += 1) {
        const from = (head + 2 * i + c) * size;
        out.set(bytes.subarray(from, from + size), (head + c * half + i) * size);
      }
    }
  }
  return out;
}

/** Undoes `join-roles`: GGUF row `(role * heads + h) * headDim + i` becomes row `(h * 3 + role) * headDim + i`. `bytes` is [3 * heads * headDim, row]. */
function separatedRoles(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const size = bytes.byteLength / (3 * heads);
  if (!Number.isInteger(rows / (3 * heads)) || bytes.byteLength % rows !== 0) throw new RangeError(`${rows} rows in ${bytes.byteLength} bytes cannot be divided into query, key and value of ${heads} heads`);
  const out = new Uint8Array(bytes.byteLength);
  for (let role = 0; role < 3; role += 1) {
    for (let head = 0; head < heads; head += 1) {
      const from = (role * heads + head) * size;
      out.set(bytes.subarray(from, from + size), (head * 3 + role) * size);
    }
  }
  return out;
}
