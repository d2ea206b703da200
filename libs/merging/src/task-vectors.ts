import { ops, type DType, type Tensor } from '@tunesmith/tensor';
import type { MergeInput, MergeParameter } from './merge-method.js';
import type { MergeParameters } from './merge-parameters.js';
import { pieceLength } from './pieces.js';

/** What a sparse merge keeps of one task vector (model minus base). */
export interface SparseTaskVector {
  /** A bit for each element, the lowest first; null keeps all. */
  readonly mask: Tensor | null;
  /** The sums of magnitudes before and after the mask, float64 [2]; null where they were not formed along with it. */
  readonly sums: Tensor | null;
  /** Whether mergekit forms these sums in float32 where the weights are float16; else in float16. */
  readonly widensHalf?: boolean;
}

export interface TaskVectorOptions {
  /** Whether only what has the sign of the weighted majority is summed (TIES, arXiv 2306.01708, section 3). */
  readonly consensus: boolean;
  /** The mask of one model's task vector; never asked where the density is 1. Left out: all is kept. */
  sparsify?(base: Tensor, model: Tensor, index: number): SparseTaskVector;
}

const nothingKept = (base: Tensor, model: Tensor): SparseTaskVector => ({ mask: ops.mergeMagnitudeMask(base, model, 0, 0, false)[0], sums: null });

/** The parameters of all methods that add task vectors, as in mergekit; of those that keep all of them without `density` and `rescale`, which mergekit takes there and passes over. */
export function taskVectorParameters({ normalize, rescale }: { readonly normalize: boolean; readonly rescale?: boolean }): Record<string, MergeParameter> {
  return {
    weight: { per: 'model', kind: 'number', description: "How much of each model's difference from the base is added.", default: null, required: true },
    ...(rescale === undefined ? {} : { density: { per: 'model', kind: 'number', least: 0, most: 1, description: "The share of each model's differences that is kept.", default: 1 } as const }),
    normalize: { per: 'weight', kind: 'flag', description: 'Whether the sum is divided by the weights of what was summed.', default: normalize },
    ...(rescale === undefined ? {} : { rescale: { per: 'weight', kind: 'flag', description: 'Whether what is kept is scaled so that its sum of magnitudes is that of all.', default: rescale } as const }),
    lambda: { per: 'weight', kind: 'number', description: 'A factor of the merged differences before they are added to the base.', default: 1 },
    int8_mask: { per: 'weight', kind: 'flag', description: "Understood for mergekit's sake; masks have a bit per element here.", default: false },
  };
}

/** base + lambda * (the weighted sum of sparse task vectors, over their weights where normalized), in the arithmetic of the tensors' dtype. */
export function mergeTaskVectors({ base: given, models }: MergeInput, parameters: MergeParameters, { consensus, sparsify }: TaskVectorOptions): Tensor {
  const base = given!;
  const sparse = models.map((model, index): SparseTaskVector => {
    const density = sparsify ? parameters.numbers('density')[index]! : 1;
    if (!sparsify || density >= 1) return { mask: null, sums: null };
    return density <= 0 ? nothingKept(base, model) : sparsify(base, model, index);
  });
  const rescale = sparsify !== undefined && parameters.flag('rescale');
  const scales = sparse.map((each, index) => (rescale ? rescaling(base, models[index]!, each) : 1));
  return ops.mergeTaskVectors(base, models, parameters.numbers('weight'), sparse.map(({ mask }) => mask), scales, consensus ? 1 : 0, parameters.flag('normalize'), parameters.number('lambda'));
}

/**
 * Whether sums over the elements of a weight are to be formed by libtorch's own operators: in float32 their last bits depend on its order, and equality with
 * mergekit on them; bfloat16 has no bits so fine, and the sums of large weights depend on the number of threads there.
 */
export function sumsOrderMatters({ dtype, size }: Tensor): boolean {
  return dtype !== 'bfloat16' && size <= pieceLength;
}

/** model - base where the mask keeps it, zero elsewhere. */
export function maskedDifference(base: Tensor, model: Tensor, mask: Tensor | null): Tensor {
  const difference = ops.sub(model, base);
  return mask ? ops.mergeTaskVectors(ops.zerosLike(base), [difference], [1], [mask], [1], 0, false, 1) : difference;
}

/** Where nothing is left, nothing is scaled. */
const leastSum = 1e-7;

function rescaling(base: Tensor, model: Tensor, sparse: SparseTaskVector, dtype = base.dtype === 'float16' && sparse.widensHalf ? 'float32' : base.dtype): number {
  if (!sparse.mask) return 1;
  const [before, after] = sumsOrderMatters(base) || !sparse.sums ? sumsInOrder(base, model, sparse.mask, dtype) : ops.unbind(ops.toDtype(sparse.sums, dtype));
  // Sums of large weights are beyond float16's range; mergekit's result is NaN then.
  if (before!.item() === Infinity && dtype === 'float16') return rescaling(base, model, sparse, 'float32');
  return before!.item() < leastSum || after!.item() < leastSum ? 1 : ops.div(before!, after!).item();
}

/** The sums as libtorch forms them: their last bits depend on the order. */
function sumsInOrder(base: Tensor, model: Tensor, mask: Tensor, dtype: DType): [Tensor, Tensor] {
  return [ops.sumAll(ops.abs(ops.sub(model, base)), dtype), ops.sumAll(ops.abs(maskedDifference(base, model, mask)), dtype)];
}
