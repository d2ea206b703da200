import { defaultDevice, empty, noGrad, ops, scope, type DType, type Tensor } from '@tunesmith/tensor';
import { isOutputHead } from './output-head.js';
import { Module } from './module.js';
import type { LinearLike, Parts } from './parts.js';

/** How a frozen weight is held: blocks of 64 numbers with a scale in 8 bits each, or as 4-bit quantiles of the normal distribution (QLoRA, arXiv 2305.14314). */
export type WeightCode = 'int8' | 'nf4';

export interface QuantizedLinearOptions {
  readonly kind: WeightCode;
  /** Of the bias, and of the weight when it is asked for. */
  readonly dtype: DType;
  readonly bias?: boolean;
  /** What `defaultDevice` says unless given. */
  readonly device?: string;
}

/**
 * y = x Wᵀ + b with a frozen W in 8 or 4 bits, written out in the input's type for the product, forward and again backward, so that one weight at a
 * time is there in full. `takeWeight` gives it its values.
 */
export class QuantizedLinear extends Module implements LinearLike {
  readonly bias: Tensor | null;
  /** What the weight is written out in for those who ask for it. */
  readonly dtype: DType;
  readonly device: string;
  readonly #kind: WeightCode;
  readonly #parts: readonly Tensor[];

  constructor(
    path: string,
    readonly shape: readonly [outFeatures: number, inFeatures: number],
    { kind, dtype, bias = false, device = defaultDevice() }: QuantizedLinearOptions,
  ) {
    super(path);
    const count = shape[0] * shape[1];
    const blocks = Math.ceil(count / 64);
    const made = (name: string, size: number, type: DType): Tensor => this.parameter(`weight.${name}`, empty([size], { dtype: type, device }));
    this.#parts =
      kind === 'int8'
        ? [made('codes', count, 'int8'), made('scales', blocks, 'float32')]
        : [made('codes', Math.ceil(count / 2), 'uint8'), made('scales', blocks, 'uint8'), made('scale_scales', Math.ceil(blocks / 256), 'float32'), made('scale_offset', 1, 'float32')];
    this.bias = bias ? this.parameter('bias', empty([shape[0]], { dtype, device })) : null;
    this.#kind = kind;
    this.dtype = dtype;
    this.device = device;
  }

  /** What the codes say, [outFeatures, inFeatures]: made for every reader, and the reader's to dispose of. */
  get weight(): Tensor {
    return ops.dequantizeBlocks(this.#parts, this.#kind, this.shape, this.dtype);
  }

  /** Holds this weight [outFeatures, inFeatures] from now on. */
  takeWeight(weight: Tensor): void {
    noGrad(() => scope(() => ops.quantizeBlocks(weight, this.#kind).forEach((part, index) => ops.copyInPlace(this.#parts[index]!, part))));
  }

  forward(input: Tensor): Tensor {
    return ops.quantizedLinear(input, this.#parts, this.#kind, this.shape[0], this.bias);
  }

  product(input: Tensor): Tensor {
    return ops.quantizedLinear(input, this.#parts, this.#kind, this.shape[0], null);
  }
}

/** The parts `plain` with quantized linears in place of all but the output head; routers and embeddings stay as they are. */
export function quantizedParts(plain: Parts, options: Omit<QuantizedLinearOptions, 'bias'>): Parts {
  return {
    ...plain,
    linear: (path, inFeatures, outFeatures, { bias = false } = {}) =>
      isOutputHead(path) ? plain.linear(path, inFeatures, outFeatures, { bias }) : new QuantizedLinear(path, [outFeatures, inFeatures], { ...options, bias }),
  };
}
