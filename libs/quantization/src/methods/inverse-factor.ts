import { ops, scope, tensor, zeros, type Tensor } from '@tunesmith/tensor';
import { QuantizationError } from '../quantization-error.js';

/** Tokens that are computed with at a time. */
const step = 1024;
/** Columns whose products with themselves and all before them are one matrix product: what lies above the diagonal is what lies below it. */
const strip = 512;
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
  /** Of the Hessian, in the order of the weight's columns: [in]. */
  readonly diagonal: Tensor;
}

/** The Hessian of a linear's squared error: (2 / tokens) XᵀX for inputs X [tokens, in], summed in float32. Throws QuantizationError `inputs-not-finite`. */
export function hessian(input: Tensor, path: string): Tensor {
  const [tokens = 0, columns = 0] = input.shape;
  const sum = zeros([columns, columns]);
  forEachStep(tokens, (rowsOf) => {
    const rows = rowsOf(input);
    for (const [first, count, end] of strips(columns)) ops.addmmInPlace(within(sum, [first, count], [0, end]), ops.t(ops.narrow(rows, 1, first, count)), ops.narrow(rows, 1, 0, end), 1, 2 / tokens);
  });
  for (const [first, count] of strips(columns)) {
    scope(() => {
      const own = within(sum, [first, count], [first, count]);
      ops.copyInPlace(own, ops.add(ops.tril(own), ops.t(ops.tril(own, -1))));
      if (first > 0) ops.copyInPlace(within(sum, [0, first], [first, count]), ops.t(within(sum, [first, count], [0, first])));
    });
  }
  if (Number.isFinite(scope(() => ops.sumAll(sum).item()))) return sum;
  throw new QuantizationError({ code: 'inputs-not-finite', message: `${path} is given numbers that are not finite while the model reads the calibration rows. The model is damaged: evaluate it before quantizing it.`, facts: { path } });
}

/** Goes through tokens some at a time. `rowsOf`: these rows of a tensor, in float32; of one that is that already, the rows themselves. */
export function forEachStep(tokens: number, body: (rowsOf: (of: Tensor) => Tensor) => void): void {
  for (let start = 0; start < tokens; start += step) {
    scope(() => body((of) => ops.toDtype(ops.slice(of, 0, start, Math.min(tokens, start + step)), 'float32')));
  }
}

function strips(columns: number): (readonly [first: number, count: number, end: number])[] {
  return Array.from({ length: Math.ceil(columns / strip) }, (_, index) => [index * strip, Math.min(strip, columns - index * strip), Math.min(columns, (index + 1) * strip)] as const);
}

function within(matrix: Tensor, rows: readonly [first: number, count: number], columns: readonly [first: number, count: number]): Tensor {
  return ops.narrow(ops.narrow(matrix, 0, ...rows), 1, ...columns);
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
    const dead = ops.toDtype(ops.eqScalar(ops.indexSelect(diagonal, 0, order), 0), hessian.dtype);
    const backwards = ops.flip(order, [0]);
    const turned = ops.indexSelect(ops.indexSelect(hessian, 0, backwards), 1, backwards);
    const mean = ops.meanAll(diagonal).item();
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const factor = invertedFactor(turned, ops.addScalar(ops.flip(dead, [0]), damping * 10 ** attempt * mean));
      if (factor) return { order: Int32Array.from(places), factor, dead, diagonal: ops.clone(diagonal) };
    }
    throw new QuantizationError({
      code: 'hessian-not-invertible',
      message: `${path}: what it is given has no inverse, even with ${damping * 10 ** (attempts - 1)} of its mean added. Give more calibration rows, or more damping.`,
      facts: { path, damping },
    });
  });
}

/**
 * U of a matrix that is given turned round, with `added` on its diagonal; undefined where that is not positive definite to the precision of its type. LLᵀ = PHP gives H = (PLP)(PLP)ᵀ with an
 * upper PLP, so that its inverse is U: one decomposition and one triangular system, where the way by H⁻¹ takes two and an inverse.
 */
function invertedFactor(turned: Tensor, added: Tensor): Tensor | undefined {
  return scope(() => {
    try {
      const lower = scope(() => {
        const damped = ops.clone(turned);
        ops.addInPlace(ops.diagonal(damped), added);
        return ops.cholesky(damped);
      });
      const factor = ops.flip(ops.solveTriangular(lower, ops.diag(ops.onesLike(added)), false), [0, 1]);
      return Number.isFinite(ops.sumAll(factor).item()) ? factor : undefined;
    } catch {
      return undefined;
    }
  });
}
