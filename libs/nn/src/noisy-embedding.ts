import { ops, rand, tensor, type Tensor } from '@tunesmith/tensor';
import { Embedding } from './embedding.js';
import { rowLengths } from './pack-tokens.js';
import type { Parts } from './parts.js';
import type { StepNoise } from './step-noise.js';

export interface EmbeddingNoise {
  /** The strength; the paper tries 5, 10 and 15. */
  readonly alpha: number;
  readonly noise: StepNoise;
}

/**
 * NEFTune (arXiv 2310.05914, algorithm 1): while a step runs, every number of an embedded row of L tokens moves by a uniform number within
 * ± alpha / sqrt(L · size). Embeddings that are told no rows, such as those of positions, stay as they are.
 */
export class NoisyEmbedding extends Embedding {
  /** Takes over the weight of `plain`. */
  constructor(
    plain: Embedding,
    private readonly settings: EmbeddingNoise,
  ) {
    super(plain.path, plain.weight, plain);
  }

  override perturbed(embedded: Tensor, boundaries: readonly number[]): Tensor {
    const { alpha, noise } = this.settings;
    if (!noise.active) return embedded;
    const [tokens = 0, size = 0] = embedded.shape;
    const bounds = rowLengths(boundaries).flatMap((length) => new Array<number>(length).fill(alpha / Math.sqrt(length * size)));
    const drawn = ops.subScalar(ops.mulScalar(rand([tokens, size], { device: embedded.device, generator: noise.generator }), 2), 1); // within ± 1
    const moved = ops.mul(drawn, tensor(bounds, { shape: [tokens, 1], device: embedded.device }));
    return ops.add(embedded, ops.toDtype(moved, embedded.dtype));
  }
}

/** The parts `plain` with noise on what embeddings give. */
export function noisyParts(plain: Parts, settings: EmbeddingNoise): Parts {
  return { ...plain, embedding: (path, count, size, options) => new NoisyEmbedding(plain.embedding(path, count, size, options), settings) };
}
