import { ops, scope, tensor, zeros, type Tensor } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';

/** Tokens whose outer products are summed up at a time. */
const step = 1024;
/** How often damping is raised tenfold where it was too little to invert by. */
const attempts = 4;

/** What GPTQ needs of the inputs of a linear. */
export interface InverseFactor {
  /** Which column comes when: the place in the weight of each column in the order of work. */
  readonly order: Int32Array;
  /** U [in, in], upper, in that order: UᵀU = H⁻¹. */
  readonly factor: Tensor;
  /** 1 for columns that never saw anything but zero, in the order of work: [in]. */
  readonly dead: Tensor;
}

/** The Hessian of a linear's squared error: (2 / tokens) XᵀX for inputs X [tokens, in], summed in float32. Throws QuantizationError `inputs-not-finite`. */
export function hessian(input: Tensor, path: string): Tensor {
  const [tokens = 0, columns = 0] = input.shape;
  const sum = zeros([columns, columns]);
  for (let start = 0; start < tokens; start += step) {
    scope(() => {
      const rows = ops.toDtype(ops.slice(input, 0, start, Math.min(tokens, start + step)), 'float32');
      ops.addmmInPlace(sum, ops.t(rows), rows, 1, 2 / tokens);
    });
  }
  if (Number.isFinite(scope(() => ops.sumAll(sum).item()))) return sum;
  throw new QuantizationError({ code: 'inputs-not-finite', message: `${path} is given numbers that are not finite while the model reads the calibration rows. The model is damaged: evaluate it before quantizing it.`, facts: { path } });
}

/**
 * Factors the inverse of a Hessian (arXiv 2210.17323, section 3.3): columns that saw nothing count as 1, `damping` times the mean of the diagonal is added to it, and ten times as
 * much where that does not do. `byActivation`: columns that see most come first. Throws QuantizationError `hessian-not-invertible`.
 */
export function inverseFactor(hessian: Tensor, { damping, byActivation, path }: { readonly damping: number; readonly byActivation: boolean; readonly path: string }): InverseFactor {
  return scope(() => {
    const diagonal = ops.diagonal(hessian);
    const columns = diagonal.size;
    const places = byActivation ? ops.sortStable(diagonal, true, 0, true)[1].toArray() : Array.from({ length: columns }, (_, column) => column);
    const order = tensor(places, { dtype: 'int64' });
    const sorted = ops.indexSelect(ops.indexSelect(hessian, 0, order), 1, order);
    const dead = ops.toDtype(ops.eqScalar(ops.diagonal(sorted), 0), hessian.dtype);
    const mean = ops.meanAll(diagonal).item();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const added = ops.addScalar(dead, damping * 10 ** attempt * mean);
      const factor = invertedFactor(ops.add(sorted, ops.diag(added)));
      if (factor) return { order: Int32Array.from(places), factor, dead };
    }
    throw new QuantizationError({
      code: 'hessian-not-invertible',
      message: `${path}: what it is given has no inverse, even with ${damping * 10 ** (attempts - 1)} of its mean added. Give more calibration rows, or more damping.`,
      facts: { path, damping },
    });
  });
}

/** Undefined where the matrix is not positive definite to the precision of its type. */
function invertedFactor(matrix: Tensor): Tensor | undefined {
  try {
    const factor = ops.cholesky(ops.choleskyInverse(ops.cholesky(matrix)), true);
    return Number.isFinite(ops.sumAll(factor).item()) ? factor : undefined;
  } catch {
    return undefined;
  }
}
