import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { encodeGgufBlocks, type GgufScheme } from '../schemes/gguf-scheme.js';
import { columnsInTurn, roundColumns } from './column-loop.js';
import type { InverseFactor } from './inverse-factor.js';
import type { LayerWork } from './rounding-method.js';
import { withFactors } from './with-factors.js';

/** A weight in the blocks of a GGUF type. */
export interface RoundedBlocks {
  readonly bytes: Uint8Array;
  /** [rows, bytes of a row] */
  readonly shape: readonly number[];
}

/**
 * GPTQ over the block types of GGUF, a layer: what each column loses by being rounded is made up for by those after it; with the same layer `exact`, so is what the layers before have lost. By
 * names of weights; linears that no token reaches (experts) are not among them.
 */
export function roundLayerToBlocks({ compute, exact }: LayerWork<GgufScheme>, damping: number): Map<string, RoundedBlocks> {
  const rounded = new Map<string, RoundedBlocks>();
  withFactors(compute, { damping, byActivation: true }, (linear, scheme, factor, input) => {
    const name = `${linear.path}.weight`;
    const { blocks, values } = roundToBlocks(exact?.wanted(linear, input, factor) ?? linear.weight, factor, scheme, name);
    rounded.set(name, { bytes: blocks.toBytes(), shape: blocks.shape });
    exact?.rounded(linear, input, values);
    return values;
  });
  return rounded;
}

/**
 * The blocks [rows, bytes] of one weight [out, in], and what a reader makes of them. Scales are fitted to the weight as it is, errors weighed by what goes through their columns, and stored; then
 * columns, those that see most first, are rounded to what the stored scales leave open. (Scales fitted when the first column of their block comes, which then is the order of columns, were
 * a tenth worse for Q4_0 on text that was not calibrated on, and no better for Q4_K.)
 */
export function roundToBlocks(weight: Tensor, { order, factor, dead, diagonal }: InverseFactor, scheme: GgufScheme, tensorName: string): { blocks: Tensor; values: Tensor } {
  const { type } = scheme.gguf;
  const blocks = encodeGgufBlocks(scheme, weight, { tensor: tensorName, firstRow: 0 }, diagonal);
  const [scales, offsets] = ops.ggufGrids(blocks, type);
  const groupSize = weight.shape[1]! / scales.shape[0]!;
  const groups = order.map((place) => Math.floor(place / groupSize));
  const { left, turns: back } = columnsInTurn(weight, { order, dead });
  const levels = roundColumns(left, factor, {
    has: () => true,
    fit: () => undefined,
    round: ({ left: own, errors, levels: ownLevels, factor: within, first }, turns) => ops.ggufColumnsInPlace(own, errors, ownLevels, within, scales, offsets, [...groups.subarray(...turns)], first, type),
  });
  const inPlace = tensor(back, { dtype: 'int64' });
  ops.ggufPackInPlace(blocks, ops.indexSelect(levels, 0, inPlace), type);
  return { blocks, values: ops.contiguous(ops.t(ops.indexSelect(left, 0, inPlace))) };
}
