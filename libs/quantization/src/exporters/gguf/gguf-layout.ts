import type { WeightTransform } from '@tunesmith/models';

/** The values of a whole tensor as GGUF stores them, from those of the Hugging Face folder. */
export function toGgufLayout(values: Float32Array, shape: readonly number[], transform: WeightTransform | undefined): Float32Array {
  if (transform === undefined) return values;
  if (transform.kind === 'plus-one') return values.map((value) => value + 1);
  return transform.kind === 'join-roles' ? joinRoles(values, transform.heads) : interleaveHeads(values, shape[0]!, transform.heads);
}

/**
 * Hugging Face has query, key and value of each head side by side, llama.cpp's `gptneox` all queries, all keys, all values: the rows of head h and a role
 * move from place `h * 3 + role` to place `role * heads + h`. A place of a bias is as many numbers as a head has.
 */
function joinRoles(values: Float32Array, heads: number): Float32Array {
  const moved = new Float32Array(values.length);
  const size = values.length / (3 * heads);
  for (let place = 0; place < 3 * heads; place += 1) {
    const [head, role] = [Math.floor(place / 3), place % 3];
    moved.set(values.subarray(place * size, (place + 1) * size), (role * heads + head) * size);
  }
  return moved;
}

/**
 * Hugging Face turns pairs (i, i + half) of a head, llama.cpp's `llama` architecture pairs (2i, 2i + 1): row `head * size + c * half + i` moves to
 * `head * size + 2i + c`. A row of a bias is one number.
 */
function interleaveHeads(values: Float32Array, rows: number, heads: number): Float32Array {
  const moved = new Float32Array(values.length);
  const rowLength = values.length / rows;
  const size = rows / heads;
  const half = size / 2;
  for (let row = 0; row < rows; row += 1) {
    const head = Math.floor(row / size);
    const c = Math.floor((row % size) / half);
    const i = row % half;
    moved.set(values.subarray(row * rowLength, (row + 1) * rowLength), (head * size + 2 * i + c) * rowLength);
  }
  return moved;
}
