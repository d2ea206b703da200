import { tensor } from '@tunesmith/tensor';
import { f16 } from '../../schemes/f16.js';
import { encodeGgufRows, type GgufScheme } from '../../schemes/gguf-scheme.js';
import { elementTypes } from './onnx-types.js';
import type { MatrixPlace, MatrixWriter, StoredMatrix } from './stored-matrix.js';
import { transposedPieces } from './transposed-pieces.js';

/**
 * A matrix in float32 or float16, for the standard operators. float16 is how it lies on disk: a runtime widens it when it loads (constant folding),
 * so that products are those of float32 everywhere. Few processors multiply float16, Node cannot feed it, and large activations do not fit it.
 */
export async function storeFloatMatrix({ graph, weights }: MatrixWriter, place: MatrixPlace, scheme: GgufScheme): Promise<StoredMatrix> {
  const { module, rows, columns, table, transposed } = place;
  const name = `${module}.weight`;
  const half = scheme === f16;
  const type = half ? 'float16' : 'float32';
  // MatMul wants [columns, rows]; a look-up wants the numbers of a row together.
  const [storedRows, storedColumns] = transposed ? [columns, rows] : [rows, columns];
  const pieces = encoded(weights.rows(name, [storedRows, storedColumns]), storedColumns, name, scheme);
  const asStored = table || transposed;
  const matrix = await graph.tensor(name, type, table ? [rows, columns] : [columns, rows], asStored ? pieces : transposedPieces(pieces, [rows, columns], half ? 2 : 4));
  return {
    multiply(into, path, input, bias) {
      const wide = half ? into.value(path, 'Cast', [matrix], { to: { int: elementTypes.float32 } }) : matrix;
      const product = into.value(path, 'MatMul', [input, table ? into.value(path, 'Transpose', [wide], { perm: { ints: [1, 0] } }) : wide]);
      return bias === undefined ? product : into.value(path, 'Add', [product, bias]);
    },
    lookUp(into, path, ids) {
      const found = into.value(path, 'Gather', [matrix, ids], { axis: { int: 0 } });
      return half ? into.value(path, 'Cast', [found], { to: { int: elementTypes.float32 } }) : found;
    },
  };
}

async function* encoded(pieces: AsyncIterable<Float32Array>, columns: number, name: string, scheme: GgufScheme): AsyncGenerator<Uint8Array> {
  let firstRow = 0;
  for await (const piece of pieces) {
    using values = tensor(piece, { dtype: 'float32', shape: [piece.length / columns, columns] });
    yield encodeGgufRows(scheme, values, { tensor: name, firstRow });
    firstRow += piece.length / columns;
  }
}
