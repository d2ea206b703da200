import { ops, tensor, type Tensor } from '@tunesmith/tensor';
import { rowLengths } from './pack-tokens.js';
import { dependsOnRowLength, rotarySpeeds, type RotarySettings } from './rotary-settings.js';

/** The turns of a batch's tokens, float32 [tokens, 1, turned] each; the two halves of the last dimension are equal. */
export interface Rotation {
  readonly cosines: Tensor;
  readonly sines: Tensor;
}

/**
 * Rotary position embedding (arXiv 2104.09864) in halves: element i turns with element i + headDim / 2. Where only the first numbers of a head
 * turn, `headDim` is how many.
 */
export class RotaryEmbedding {
  readonly #attentionFactor: number;

  constructor(
    private readonly settings: RotarySettings,
    readonly headDim: number,
  ) {
    this.#attentionFactor = rotarySpeeds(settings, headDim).attentionFactor;
  }

  /** The longest row up to which the turns of its tokens do not depend on its length. */
  get sameUpTo(): number {
    const { scaling } = this.settings;
    return scaling?.kind === 'dynamic' || scaling?.kind === 'longrope' ? scaling.originalContext : Infinity;
  }

  /**
   * Turns for int64 positions [tokens] of rows that end at `boundaries` (see PackedTokens); compute once for a batch, use in every layer. Angles
   * are float64: position times speed loses digits in float32.
   *
   * Where the speeds depend on the row's length (`dynamic`, `longrope`), it is counted up to the row's last token here. With a cache, the tokens of a
   * batch so turn by the length reached with it, while the keys that the cache holds keep the turns that they came with: as in transformers, and
   * not as if the whole row had come at once. Only Phi-3 in transformers reads the whole row again when it grows beyond the trained context; who
   * generates across that border and wants the same gives the row to a new cache there.
   */
  rotation(positions: Tensor, boundaries: readonly number[]): Rotation {
    const half = dependsOnRowLength(this.settings) ? this.#speedsByRow(positions, boundaries) : this.#speeds([0], positions.device); // [1 or tokens, headDim / 2]
    const angles = ops.mul(ops.unsqueeze(ops.toDtype(positions, 'float64'), 1), ops.cat([half, half], 1)); // [tokens, headDim]
    const scaled = (values: Tensor) => ops.toDtype(ops.unsqueeze(this.#attentionFactor === 1 ? values : ops.mulScalar(values, this.#attentionFactor), 1), 'float32');
    return { cosines: scaled(ops.cos(angles)), sines: scaled(ops.sin(angles)) };
  }

  /** [tokens, headDim / 2] */
  #speedsByRow(positions: Tensor, boundaries: readonly number[]): Tensor {
    const { device } = positions;
    const last = tensor(boundaries.slice(1).map((end) => end - 1), { dtype: 'int64', device });
    const lengths = ops.indexSelect(positions, 0, last).toArray().map((position) => position + 1);
    const rowOfToken = rowLengths(boundaries).flatMap((count, row) => Array<number>(count).fill(row));
    return ops.indexSelect(this.#speeds(lengths, device), 0, tensor(rowOfToken, { dtype: 'int64', device }));
  }

  /** [rows, headDim / 2] */
  #speeds(lengths: readonly number[], device: string): Tensor {
    const speeds = lengths.flatMap((length) => [...rotarySpeeds(this.settings, this.headDim, length).speeds]);
    return tensor(new Float64Array(speeds), { shape: [lengths.length, this.headDim / 2], device });
  }
}

/** Turns every head of [tokens, heads, headDim]: the whole head, or as many of its first numbers as the rotation has. */
export function rotate(input: Tensor, { cosines, sines }: Rotation): Tensor {
  const [headDim = 0, turned = 0] = [input.shape.at(-1), cosines.shape.at(-1)];
  if (turned === headDim) return ops.rotate(input, cosines, sines);
  const [first, rest] = ops.splitWithSizes(input, [turned, headDim - turned], -1) as [Tensor, Tensor];
  return ops.cat([ops.rotate(first, cosines, sines), rest], -1);
}
