import type { WeightName } from '@tunesmith/models';
import { fromBytes, ops, tensor, type DType, type Tensor } from '@tunesmith/tensor';
import type { WeightReader } from '../weight-reader.js';
import { toGgufLayout } from './gguf-layout.js';

/** How much is read at a time: two such pieces exist at once. */
const pieceBytes = 8 << 20;

/** Some rows of a weight, in the order that GGUF has them in. */
export interface WeightPiece {
  readonly weight: WeightName;
  readonly firstRow: number;
  /** [rows, columns]; call it inside a scope, before the next piece is asked for. */
  values(): Tensor;
}

/**
 * All weights in order, in pieces of whole rows; while one is worked on, the next is being read. Memory does not grow with the model, except for matrices that lie
 * transposed in their files (GPT-2's), which are read whole.
 * Throws what `WeightReader.stored` throws.
 */
export async function* weightPieces(reader: WeightReader, weights: readonly WeightName[]): AsyncGenerator<WeightPiece> {
  const plans = weights.flatMap((weight) => planPieces(reader, weight));
  const buffers = [0, 1].map((turn) => new Uint8Array(plans.reduce((most, { byteLength }, index) => (index % 2 === turn ? Math.max(most, byteLength) : most), 0)));
  const start = (index: number): Promise<WeightPiece> | undefined => {
    const reading = plans[index]?.read(buffers[index % 2]!);
    // A failure is thrown where the piece is waited for, which may be never.
    reading?.catch(() => undefined);
    return reading;
  };
  let reading = start(0);
  try {
    for (let index = 0; reading !== undefined; index += 1) {
      const piece = await reading;
      reading = start(index + 1);
      yield piece;
    }
  } finally {
    await reading?.catch(() => undefined);
  }
}

interface Plan {
  /** Of the buffer that it needs. */
  readonly byteLength: number;
  read(buffer: Uint8Array): Promise<WeightPiece>;
}

function planPieces(reader: WeightReader, weight: WeightName): Plan[] {
  const { huggingFace: name, shape, stored, transform } = weight;
  if (shape.length === 1 || transform?.kind === 'plus-one') return [planVector(reader, weight)];
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const columns = shape.at(-1)!;
  const { dtype, bytesPerElement } = reader.stored(name, stored === 'transposed' ? shape.toReversed() : shape);
  const rowBytes = columns * bytesPerElement;
  // A run of rows stays together: heads keep their rows.
  const places = transform?.kind === 'join-roles' ? 3 * transform.heads : undefined;
  const run = stored === 'transposed' ? rows : transform?.kind === 'interleave-heads' ? rows / transform.heads : places === undefined ? 1 : rows / places;
  const step = run * Math.max(1, Math.floor(pieceBytes / (run * rowBytes)));
  const arrange = (bytes: Uint8Array, count: number): Tensor => {
    if (stored === 'transposed') return ops.contiguous(ops.t(fromBytes(bytes, { shape: [columns, rows], dtype })));
    const values = fromBytes(bytes, { shape: [count, columns], dtype });
    return transform?.kind === 'interleave-heads' ? interleaveHeads(values, run) : values;
  };
  return Array.from({ length: Math.ceil(rows / step) }, (_, index): Plan => {
    const firstRow = index * step;
    const count = Math.min(step, rows - firstRow);
    const byteLength = count * rowBytes;
    return {
      byteLength,
      async read(buffer) {
        const bytes = buffer.subarray(0, byteLength);
        if (places === undefined) {
          await reader.readInto(name, firstRow * rowBytes, bytes);
        } else {
          // All queries, all keys, all values, from query, key and value of each head side by side.
          for (let row = 0; row < count; row += run) {
            const place = (firstRow + row) / run;
            const from = (place % (places / 3)) * 3 + Math.floor(place / (places / 3));
            await reader.readInto(name, from * run * rowBytes, bytes.subarray(row * rowBytes, (row + run) * rowBytes));
          }
        }
        return { weight, firstRow, values: () => arrange(bytes, count) };
      },
    };
  });
}

/** Pairs (i, i + half) of each head become pairs (2i, 2i + 1). */
function interleaveHeads(values: Tensor, headRows: number): Tensor {
  const [rows, columns] = values.shape as [number, number];
  const halves = ops.reshape(values, [rows / headRows, 2, headRows / 2, columns]);
  return ops.reshape(ops.contiguous(ops.transpose(halves, 1, 2)), [rows, columns]);
}

function planVector(reader: WeightReader, weight: WeightName): Plan {
  const { huggingFace: name, shape, transform } = weight;
  return {
    byteLength: 0,
    async read() {
      const values = toGgufLayout(await reader.values(name, shape), shape, transform);
      const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
      return { weight, firstRow: 0, values: () => tensor(values, { dtype: 'float32' satisfies DType, shape: [rows, shape.at(-1)!] }) };
    },
  };
}
