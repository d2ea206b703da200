import type { RotarySettings } from '@tunesmith/nn';

/** How one layer attends. */
export interface LayerPlan {
  /** How many keys, its own included, a token sees; null: all before it. */
  readonly window: number | null;
  /** Which of the plan's rotations. */
  readonly rotation: string;
}

/**
 * What the graph of a decoder-only model depends on. One function per family makes it from the family's configuration (decoder-plans.ts); tensor names
 * are the Hugging Face names that the families share.
 */
export interface DecoderPlan {
  /** As genai_config.json calls the architecture. */
  readonly type: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly contextLength: number;
  readonly normEpsilon: number;
  /** The head is the embedding. */
  readonly tied: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly activation: 'silu' | 'gelu-tanh';
  /** Factor on the scores before the softmax. */
  readonly attentionScale: number;
  /** Bounds the logits: `cap * tanh(x / cap)`. */
  readonly logitSoftcap: number | null;
  /** Factor on the embedding; 1: none. */
  readonly embeddingScale: number;
  /** Norms multiply by `weight + normOffset`. */
  readonly normOffset: 0 | 1;
  /** An RMS norm over each head of queries and keys before they turn. */
  readonly queryKeyNorm: boolean;
  /** Norms on what attention and MLP give, before it is added (`post_attention_layernorm`, `post_feedforward_layernorm`). */
  readonly outputNorms: boolean;
  /** Over halves: pair (i, i + headSize / 2) turns. */
  readonly rotations: Readonly<Record<string, RotarySettings>>;
  readonly layers: readonly LayerPlan[];
}
