import { ops, tensor, type Tensor } from '@tunesmith/tensor';

/** Elements of a vector that share a scale. */
export const scaleLength = 64;
/** How much of the largest magnitude the outermost level is at; the best for each scale is taken. */
const reaches = Array.from({ length: 12 }, (_, index) => 1 - index / 20);

export interface QuantizedVectors {
  /** uint8 [vectors, length] */
  readonly codes: Tensor;
  /** float16 [vectors, ceil(length / scaleLength)] */
  readonly scales: Tensor;
}

/**
 * Vectors [vectors, length] rounded to 2^bits levels, evenly apart and symmetric around zero (which is between two of them): code c stands for
 * (c - (2^bits - 1) / 2) * scale. Each scale is the one of a dozen with the least squared error.
 */
export function quantizeVectors(vectors: Tensor, bits: number): QuantizedVectors {
  const [count, length] = vectors.shape as [number, number];
  const groups = Math.ceil(length / scaleLength);
  const padded = ops.reshape(ops.pad(vectors, [0, groups * scaleLength - length]), [count, groups, scaleLength]);
  const most = ops.amax(ops.abs(padded), [-1], true); // [count, groups, 1]
  const middle = (2 ** bits - 1) / 2;
  let best: { error: Tensor; scale: Tensor } | undefined;
  for (const reach of reaches) {
    const scale = ops.toDtype(ops.toDtype(ops.mulScalar(most, reach / middle), 'float16'), 'float32');
    const error = ops.sum(ops.square(ops.sub(levels(codesOf(padded, scale, bits), scale, bits), padded)), [-1], true);
    const better = best && ops.lt(error, best.error);
    best = better && best ? { error: ops.where(better, error, best.error), scale: ops.where(better, scale, best.scale) } : { error, scale };
  }
  const { scale } = best!;
  const codes = ops.narrow(ops.reshape(codesOf(padded, scale, bits), [count, groups * scaleLength]), 1, 0, length);
  return { codes: ops.contiguous(ops.toDtype(codes, 'uint8')), scales: ops.toDtype(ops.reshape(scale, [count, groups]), 'float16') };
}

/** What the codes stand for, float32 [vectors, length]. */
export function dequantizeVectors({ codes, scales }: QuantizedVectors, bits: number): Tensor {
  const length = codes.shape[1]!;
  const each = ops.narrow(ops.repeatInterleave(ops.toDtype(scales, 'float32'), scaleLength, 1), 1, 0, length);
  return levels(ops.toDtype(codes, 'float32'), each, bits);
}

function codesOf(values: Tensor, scale: Tensor, bits: number): Tensor {
  const most = 2 ** bits - 1;
  const safe = ops.maskedFill(scale, ops.eqScalar(scale, 0), 1);
  return ops.clamp(ops.round(ops.addScalar(ops.div(values, safe), most / 2)), 0, most);
}

function levels(codes: Tensor, scale: Tensor, bits: number): Tensor {
  return ops.mul(ops.sub(codes, tensor([(2 ** bits - 1) / 2], { shape: [] })), scale);
}
