import { ops, scope, tensor, type Tensor } from '@tunesmith/tensor';
import { turnsOf } from './column-loop.js';
import { forEachStep, type InverseFactor } from './inverse-factor.js';
import type { LayerLinear } from './rounding-method.js';

/**
 * The share of the mean of its diagonal that is added to the Hessian where the model as it is stands beside: with GPTQ's own 0.01 what is made up for fits the rows and not other text (SmolLM2 in
 * packed int4: perplexity +62 % of a text that was not calibrated on; +24 % with 0.1, and +26 % by GPTQ alone).
 */
export const dampingBeside = 0.1;

type Place = Pick<LayerLinear<unknown>, 'path' | 'role' | 'weight'>;

/**
 * What a layer of the model as it is computes of the calibration rows, and by it what the weights of the rounded one should be before they are rounded: those with which it gives the same,
 * although what it is given is no longer the same (Quantization Error Propagation, arXiv 2504.09629). Linears that write into the sum that runs through all layers also make up for
 * what that sum lacks by then, which is our own.
 */
export class ExactLayer implements Disposable {
  /**
   * `inputs`: of linears, by path [tokens, in]. `lack` [tokens, hidden], float32: what the sum should be, less what it is; undefined where no linear writes into it as it is (norms stand
   * between). Both are this layer's own from now on.
   */
  constructor(
    private readonly inputs: ReadonlyMap<string, Tensor>,
    private readonly lack: Tensor | undefined,
  ) {}

  /** The weight [out, in] that gives what the layer as it is gives, of the `input` [tokens, in] that is there now: W + (W(X − X′)ᵀ + Lᵀ)X′H⁻¹. */
  wanted(linear: Place, input: Tensor, { order, factor }: InverseFactor): Tensor {
    const { path, weight } = linear;
    const exact = this.#beside(path, input);
    if (!exact) return weight;
    const lack = this.#lackAt(linear);
    const [tokens = 0] = input.shape;
    return scope(() => {
      const sum = ops.zerosLike(weight); // [out, in]
      forEachStep(tokens, (rows) => {
        const given = rows(input);
        const lost = ops.matmul(ops.sub(rows(exact), given), ops.t(weight)); // [rows, out]
        if (lack) ops.addInPlace(lost, rows(lack));
        ops.addmmInPlace(sum, ops.t(lost), given, 1, 2 / tokens);
      });
      const inTurn = ops.indexSelect(sum, 1, tensor(order, { dtype: 'int64' }));
      const change = ops.matmul(ops.matmul(inTurn, ops.t(factor)), factor);
      return ops.add(weight, ops.indexSelect(change, 1, tensor(turnsOf(order), { dtype: 'int64' })));
    });
  }

  /** Takes note of what a linear computes with from now on: `values` [out, in]. */
  rounded(linear: Place, input: Tensor, values: Tensor): void {
    const exact = this.#beside(linear.path, input);
    const lack = exact && this.#lackAt(linear);
    if (!lack) return;
    forEachStep(input.shape[0]!, (rows) => {
      const here = rows(lack);
      ops.addmmInPlace(here, rows(exact), ops.t(linear.weight), 1, 1);
      ops.addmmInPlace(here, rows(input), ops.t(values), 1, -1);
    });
  }

  [Symbol.dispose](): void {
    for (const input of new Set(this.inputs.values())) input.dispose();
    this.lack?.dispose();
  }

  /** Undefined where it is not of the same tokens: the routers of experts may choose others. */
  #beside(path: string, input: Tensor): Tensor | undefined {
    const exact = this.inputs.get(path);
    return exact && exact.shape[0] === input.shape[0] ? exact : undefined;
  }

  #lackAt({ role }: Place): Tensor | undefined {
    return role === 'attn_output' || role === 'ffn_down' ? this.lack : undefined;
  }
}
