import type { Tensor } from '@tunesmith/tensor';
import type { Embedding, EmbeddingOptions } from './embedding.js';
import type { LayerNorm } from './layer-norm.js';
import type { Module } from './module.js';
import type { RmsNorm } from './rms-norm.js';

/** Anything that maps [tokens, inFeatures] to [tokens, outFeatures]: a plain linear, one with LoRA, a quantized one. */
export interface LinearLike extends Module {
  /** [outFeatures, inFeatures], as published. */
  readonly weight: Tensor;
  /** The weight's, where asking for the weight itself costs something; absent: ask it. */
  readonly shape?: readonly [outFeatures: number, inFeatures: number];
  /** Where it is, likewise; absent: where the weight is. */
  readonly device?: string;
  /** [outFeatures] */
  readonly bias: Tensor | null;
  /** [tokens, inFeatures] -> [tokens, outFeatures] */
  forward(input: Tensor): Tensor;
  /** The same without the bias; absent: by `weight`. */
  product?(input: Tensor): Tensor;
  /** What this forward pass is the sum of, so that several linears can be computed at once; absent or null: something else. */
  terms?(): LinearTerms | null;
}

/** x weightᵀ + bias + scaling · (x aᵀ) bᵀ */
export interface LinearTerms {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  /** `a` [rank, inFeatures], `b` [outFeatures, rank] */
  readonly update?: { readonly a: Tensor; readonly b: Tensor; readonly scaling: number };
}

/** [outFeatures, inFeatures] */
export function featuresOf(linear: LinearLike): readonly [outFeatures: number, inFeatures: number] {
  if (linear.shape) return linear.shape;
  const [outFeatures = 0, inFeatures = 0] = linear.weight.shape;
  return [outFeatures, inFeatures];
}

export function deviceOf(linear: LinearLike): string {
  return linear.device ?? linear.weight.device;
}

/**
 * What a family builds itself from. Paths are the published ones without `.weight`, such as
 * `model.layers.0.self_attn.q_proj`. LoRA and its kin are other Parts, never a switch inside a family.
 */
export interface Parts {
  linear(path: string, inFeatures: number, outFeatures: number, options?: { bias?: boolean }): LinearLike;
  /**
   * Scores experts for each token: [tokens, inFeatures] -> [tokens, experts]. A part of its own because whatever replaces every linear (an
   * update, a quantized one) must leave it alone: a small change of a score is another expert.
   */
  router(path: string, inFeatures: number, experts: number): LinearLike;
  embedding(path: string, count: number, size: number, options?: EmbeddingOptions): Embedding;
  /** `unitOffset`: the weight is stored as the distance from one, as in the Gemma families. */
  rmsNorm(path: string, size: number, options: { epsilon: number; unitOffset?: boolean }): RmsNorm;
  /** With a bias unless told otherwise. */
  layerNorm(path: string, size: number, options: { epsilon: number; bias?: boolean }): LayerNorm;
}
