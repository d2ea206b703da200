import type { TensorSource } from '@tunesmith/checkpoints';
import type { WeightName, WeightTransform } from '@tunesmith/models';
import { scope } from '@tunesmith/tensor';
import { WeightReader } from '../weight-reader.js';
import { toGgufLayout } from './gguf-layout.js';
import { weightPieces } from './weight-pieces.js';

const [rows, columns] = [1536, 2048];
// 12 MiB in float32: more than one piece, and no whole number of them.
const values = Float32Array.from({ length: rows * columns }, (_, place) => place % 65_521);

/** One matrix that lies in no file. */
function sourceOf(shape: readonly number[]): TensorSource {
  const bytes = new Uint8Array(values.buffer);
  const info = { name: 'matrix', dtype: 'F32', shape, byteLength: bytes.byteLength };
  return { names: () => ['matrix'], has: (name) => name === 'matrix', info: () => info, read: async () => bytes, close: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
}

async function read(weight: WeightName, source: TensorSource): Promise<{ numbers: Float32Array; firstRows: number[] }> {
  const numbers = new Float32Array(values.length);
  const firstRows: number[] = [];
  for await (const piece of weightPieces(new WeightReader(source), [weight])) {
    firstRows.push(piece.firstRow);
    numbers.set(new Float32Array(scope(() => piece.values().toBytes()).buffer), piece.firstRow * columns);
  }
  return { numbers, firstRows };
}

test.each<[string, WeightTransform | undefined]>([
  ['as it lies', undefined],
  ['by halves of heads', { kind: 'interleave-heads', heads: 12 }],
  ['by roles', { kind: 'join-roles', heads: 4 }],
])('a matrix comes in pieces of whole rows or heads, %s', async (_, transform) => {
  const weight: WeightName = { huggingFace: 'matrix', gguf: 'matrix', shape: [rows, columns], ...(transform && { transform }) };
  const { numbers, firstRows } = await read(weight, sourceOf([rows, columns]));
  expect(firstRows).toHaveLength(2);
  expect(Buffer.compare(new Uint8Array(numbers.buffer), new Uint8Array(toGgufLayout(values, [rows, columns], transform).buffer))).toBe(0);
});

test('a matrix that lies transposed comes whole', async () => {
  const weight: WeightName = { huggingFace: 'matrix', gguf: 'matrix', shape: [rows, columns], stored: 'transposed' };
  const { numbers, firstRows } = await read(weight, sourceOf([columns, rows]));
  expect(firstRows).toEqual([0]);
  for (const [row, column] of [[0, 0], [0, 1], [1, 0], [700, 1999], [1535, 2047]] as const) expect(numbers[row * columns + column]).toBe(values[column * rows + row]);
});

test('what is wrong with a tensor is told before anything is read', async () => {
  const weight: WeightName = { huggingFace: 'matrix', gguf: 'matrix', shape: [rows, 5] };
  await expect(read(weight, sourceOf([rows, columns]))).rejects.toMatchObject({ code: 'tensor-wrong-shape' });
  await expect(read({ ...weight, huggingFace: 'other' }, sourceOf([rows, columns]))).rejects.toMatchObject({ code: 'tensor-missing' });
});
