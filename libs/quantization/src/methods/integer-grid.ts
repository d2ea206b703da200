import { full, ops, scope, type Tensor } from '@tunesmith/tensor';

/** What a weight may become: `value = (level − zero) · scale` with whole levels 0 … 2^bits − 1, and a scale and a zero for each group of columns in each row. */
export interface IntegerGrid {
  readonly bits: number;
  /** The zero is 2^(bits − 1) everywhere. */
  readonly symmetric: boolean;
  /** Columns that share a scale; null: all of a row. */
  readonly groupSize: number | null;
  /** The lowest zero that the format can store. */
  readonly leastZero: number;
  /** What the format stores scales in: levels are chosen for the scales as stored. */
  readonly scaleDtype: 'float32' | 'float16' | 'bfloat16';
}

/** Scales and zeros of a weight [rows, columns], each [rows, groups] in the weight's type. */
export interface GridFit {
  readonly scales: Tensor;
  readonly zeros: Tensor;
}

/** A group of zeros still divides by its scale. */
const leastScale = { float32: 1e-30, bfloat16: 1e-30, float16: 2 ** -24 } as const;

/** The highest level. */
export function topLevel({ bits }: IntegerGrid): number {
  return 2 ** bits - 1;
}

/**
 * The grid that reaches from the smallest to the largest weight of each group, zero among them (symmetric: from −m to m, m the largest magnitude, so the scale is 2m / (2^bits − 1), as
 * in GPTQ and compressed-tensors). Scales may come out infinite where their type is too narrow.
 */
export function fitGrid(weight: Tensor, grid: IntegerGrid): GridFit {
  return scope(() => {
    const groups = inGroups(weight, grid); // [rows, groups, size]
    const top = topLevel(grid);
    if (grid.symmetric) {
      const scales = storedScales(ops.mulScalar(ops.amax(ops.abs(groups), [2]), 2 / top), grid);
      return { scales, zeros: full(scales.shape, 2 ** (grid.bits - 1), { dtype: weight.dtype }) };
    }
    const low = ops.clamp(ops.amin(groups, [2]), null, 0);
    const high = ops.clamp(ops.amax(groups, [2]), 0);
    const plain = storedScales(ops.divScalar(ops.sub(high, low), top), grid);
    const zeros = ops.clamp(ops.round(ops.neg(ops.div(low, plain))), grid.leastZero, top);
    // A zero that had to be raised leaves fewer levels above it.
    const reached = ops.div(high, ops.clamp(ops.sub(full(zeros.shape, top, { dtype: weight.dtype }), zeros), 1));
    const raised = ops.le(ops.neg(ops.div(low, plain)), full(zeros.shape, grid.leastZero - 0.5, { dtype: weight.dtype }));
    return { scales: storedScales(ops.where(raised, ops.maximum(plain, reached), plain), grid), zeros };
  });
}

/** The level of each weight: the nearest, halves to the even one. [rows, columns] in the weight's type. */
export function nearestLevels(weight: Tensor, { scales, zeros }: GridFit, grid: IntegerGrid): Tensor {
  return scope(() => {
    const steps = ops.round(ops.div(inGroups(weight, grid), ops.unsqueeze(scales, 2)));
    return ops.reshape(ops.clamp(ops.add(steps, ops.unsqueeze(zeros, 2)), 0, topLevel(grid)), weight.shape);
  });
}

/** What levels [rows, columns] stand for. */
export function valuesOf(levels: Tensor, { scales, zeros }: GridFit, grid: IntegerGrid): Tensor {
  return scope(() => ops.reshape(ops.mul(ops.sub(inGroups(levels, grid), ops.unsqueeze(zeros, 2)), ops.unsqueeze(scales, 2)), levels.shape));
}

/** As the file will have them, in the type that is computed in. */
export function storedScales(scales: Tensor, { scaleDtype }: IntegerGrid): Tensor {
  return ops.toDtype(ops.toDtype(ops.clamp(scales, leastScale[scaleDtype]), scaleDtype), scales.dtype);
}

function inGroups(weight: Tensor, { groupSize }: IntegerGrid): Tensor {
  const [rows = 0, columns = 0] = weight.shape;
  const size = groupSize ?? columns;
  return ops.reshape(weight, [rows, columns / size, size]);
}
