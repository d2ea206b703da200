import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { operatorsFor } from './fused-operators.js';
import { rotarySpeeds, type RotarySettings } from './rotary-settings.js';

/** The turns of a batch's tokens, float32 [tokens, 1, headDim] each; the two halves of the last dimension are equal. */
export interface Rotation {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/** Rotary position embedding (arXiv 2104.09864) in halves: element i turns with element i + headDim / 2. */
export class RotaryEmbedding {
  readonly #speeds: Float64Array;
  readonly #attentionFactor: number;

  constructor(
    settings: RotarySettings,
    readonly headDim: number,
  ) {
    const { speeds, attentionFactor } = rotarySpeeds(settings, headDim);
    this.#speeds = speeds;
    this.#attentionFactor = attentionFactor;
  }

  /** Turns for int64 positions [tokens]; compute once for a batch, use in every layer. Angles are float64: position times speed loses digits in float32. */
  rotation(positions: Tensor): Rotation {
    const half = tensor(this.#speeds, { shape: [1, this.#speeds.length], device: positions.device });
    const speeds = ops.cat([half, half], 1);
    const angles = ops.mul(ops.unsqueeze(ops.toDtype(positions, 'float64'), 1), speeds); // [tokens, headDim]
    const scaled = (values: Tensor) => ops.toDtype(ops.unsqueeze(this.#attentionFactor === 1 ? values : ops.mulScalar(values, this.#attentionFactor), 1), 'float32');
    return { cosines: scaled(ops.cos(angles)), sines: scaled(ops.sin(angles)) };
  }
}

/** Turns every head of [tokens, heads, headDim]. */
export function rotate(input: Tensor, { cosines, sines }: Rotation): Tensor {
  return operatorsFor(input).rotate(input, cosines, sines);
}
