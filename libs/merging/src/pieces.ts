import { ops, scope, tensor, type DType, type Tensor } from '@tunesmith/tensor';

/** Elements worked on at a time by methods that are made of several operators, so that what lies between them is small however large the weight is. */
export const pieceLength = 1 << 20;

/**
 * Calls visit(pieces of `inputs`, where they start, how long they are) piece by piece, and disposes what it makes. All are cut along `dim`, at the same
 * places: vectors anywhere, matrices between rows (0) or columns (1).
 */
export function forEachPiece(inputs: readonly Tensor[], visit: (pieces: readonly Tensor[], start: number, count: number) => void, dim = 0): void {
  const size = inputs[0]!.shape[dim] ?? 1;
  const widest = Math.max(1, ...inputs.map((input) => input.size / Math.max(1, size)));
  const length = Math.max(1, Math.floor(pieceLength / widest));
  for (let start = 0; start < size; start += length) {
    const count = Math.min(length, size - start);
    scope(() => visit(inputs.map((input) => ops.narrow(input, dim, start, count)), start, count));
  }
}

/** A new tensor like the first input, made piece by piece; each piece is rounded to the dtype, if that is another than it was computed in. */
export function mapPieces(inputs: readonly Tensor[], make: (pieces: readonly Tensor[], start: number, count: number) => Tensor, { dim = 0, dtype = inputs[0]!.dtype }: { readonly dim?: number; readonly dtype?: DType | undefined } = {}): Tensor {
  const made = ops.emptyLike(inputs[0]!, dtype);
  forEachPiece(inputs, (pieces, start, count) => void ops.copyInPlace(ops.narrow(made, dim, start, count), make(pieces, start, count)), dim);
  return made;
}

/** As vectors. */
export function flat(...tensors: readonly Tensor[]): Tensor[] {
  return tensors.map((tensor) => ops.reshape(tensor, [-1]));
}

/**
 * What sums over the elements of a weight are formed in: where one piece holds them all its own dtype, since libtorch, and so mergekit, rounds the sum once and its last bits before
 * that depend on the operator; else float32, so that adding up pieces loses nothing.
 */
export function sumDtype({ size, dtype }: Tensor): DType {
  return size <= pieceLength || dtype === 'float64' ? dtype : 'float32';
}

/** Where mergekit leaves the models' dtype for a wider one: float32, or float64 where they have that. */
export function wideDtype({ dtype }: Tensor): DType {
  return dtype === 'float64' ? dtype : 'float32';
}

/** The sum of squares of a piece, as a number, whose root has the bits of the dtype. */
export function squares(piece: Tensor, dtype: DType = 'float32'): number {
  return ops.vectorNorm(piece, 2, undefined, false, dtype).item() ** 2;
}

/** A number as a tensor without dimensions, rounded to the dtype: what arithmetic between the passes of a method is done with. */
export function scalar(value: number, dtype: DType): Tensor {
  return tensor([value], { shape: [], dtype });
}
