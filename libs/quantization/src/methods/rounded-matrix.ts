import { ops, scope, type Tensor } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';
import type { GridFit, IntegerGrid } from './integer-grid.js';

/** A weight as levels: what every format of packed linears is written from. */
export interface RoundedMatrix {
  readonly grid: IntegerGrid;
  readonly shape: readonly [rows: number, columns: number];
  /** [rows, columns] */
  readonly levels: Uint8Array;
  /** [rows, groups], numbers that `grid.scaleDtype` holds exactly. */
  readonly scales: Float32Array;
  /** [rows, groups] */
  readonly zeros: Uint8Array;
  /** The group of each column; absent: consecutive ones. */
  readonly groupOf?: Int32Array;
}

/** Takes levels and their grid out of native memory. Throws QuantizationError `value-out-of-range` where the format's type cannot hold a scale. */
export function roundedMatrix(tensorName: string, levels: Tensor, { scales, zeros }: GridFit, grid: IntegerGrid, groupOf?: Int32Array): RoundedMatrix {
  const bytes = (of: Tensor) => scope(() => ops.toDtype(of, 'uint8').toBytes());
  const scaleBytes = scope(() => ops.toDtype(scales, 'float32').toBytes());
  const floats = new Float32Array(scaleBytes.buffer, scaleBytes.byteOffset, scaleBytes.byteLength / 4);
  if (!floats.every(Number.isFinite)) {
    throw new QuantizationError({
      code: 'value-out-of-range',
      message: `${tensorName}: the scale of a group is larger than ${grid.scaleDtype} can hold. Write the model as bfloat16 or float32 and choose the format compressed-tensors, which keeps scales in the model's own type.`,
      facts: { tensor: tensorName, scaleDtype: grid.scaleDtype },
    });
  }
  const [rows = 0, columns = 0] = levels.shape;
  return { grid, shape: [rows, columns], levels: bytes(levels), scales: floats, zeros: bytes(zeros), ...(groupOf && { groupOf }) };
}
