import { encodeRows } from '../../schemes/quantization-scheme.js';
import type { BlockScheme } from '../../schemes/block-scheme.js';
import type { MatrixPlace, MatrixWriter, StoredMatrix } from './stored-matrix.js';

const contrib = 'com.microsoft';
/** Activations are quantized to int8 by blocks as well: the fast path of every CPU. The float path is slower than no quantization at all for 8 bits. */
const accuracyLevel = 4;

/** A matrix in blocks, for MatMulNBits and GatherBlockQuantized of ONNX Runtime. */
export async function storeBlockMatrix({ graph, weights }: MatrixWriter, { module, rows, columns, table, transposed }: MatrixPlace, scheme: BlockScheme): Promise<StoredMatrix> {
  const { bits, blockSize } = scheme.matMulNBits;
  const name = `${module}.weight`;
  const blocks = columns / blockSize;
  const scaleBytes = new Uint8Array(rows * blocks * 4);
  async function* levels(): AsyncGenerator<Uint8Array> {
    let firstRow = 0;
    for await (const piece of transposed ? weights.transposedRows(name, [columns, rows]) : weights.rows(name, [rows, columns])) {
      const [packed, scales] = encodeRows(scheme, piece, columns, name, firstRow);
      scaleBytes.set(scales!, firstRow * blocks * 4);
      firstRow += piece.length / columns;
      yield packed!;
    }
  }
  const values = await graph.tensor(`${module}.qweight`, 'uint8', [rows, blocks, (blockSize * bits) / 8], levels());
  const scales = await graph.tensor(`${module}.scales`, 'float32', [rows, blocks], scaleBytes);
  // MatMulNBits has the blocks as a dimension, the gather does not; the bytes are the same.
  const flat = table ? graph.view(`${module}.qweight.rows`, [rows, (columns * bits) / 8], values) : undefined;
  return {
    multiply(into, path, input, bias) {
      // Inputs 3 and 4 are zero points and a group index, which symmetric blocks do not have.
      const operands = [input, values, scales, ...(bias === undefined ? [] : ['', '', bias])];
      return into.value(path, 'MatMulNBits', operands, { K: { int: columns }, N: { int: rows }, bits: { int: bits }, block_size: { int: blockSize }, accuracy_level: { int: accuracyLevel } }, contrib);
    },
    lookUp(into, path, ids) {
      if (flat === undefined) throw new TypeError(`${module} is no table`);
      return into.value(path, 'GatherBlockQuantized', [flat, ids, scales], { bits: { int: bits }, block_size: { int: blockSize }, gather_axis: { int: 0 }, quantize_axis: { int: 1 } }, contrib);
    },
  };
}
