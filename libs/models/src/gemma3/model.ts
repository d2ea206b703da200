import { GatedNetwork, KeyValueCache, LinearGroup, Module, packedAttention, project, RotaryEmbedding, rotate, type CacheLayer, type Embedding, type LinearLike, type PackedTokens, type Parts, type RmsNorm, type Rotation } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { roundedTo } from '../rounded-to.js';
import { runSteps } from '../run-steps.js';
import type { Gemma3Config, LayerType } from './config.js';

/**
 * Gemma 3, text (arXiv 2503.19786). What differs from a plain decoder:
 * - embeddings are multiplied by sqrt(hidden), and norm weights are stored as distances from one;
 * - every sub-layer is normed on its way in and on its way out;
 * - queries and keys are normed per head before they turn, and scores are divided by sqrt(query_pre_attn_scalar);
 * - layers alternate between a sliding window with fast rotations and everything with slow ones.
 */
export class Gemma3Model extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap: number | null;
  private readonly embedTokens: Embedding;
  private readonly layers: Gemma3Block[];
  private readonly norm: RmsNorm;
  private readonly head: LinearLike | null;
  private readonly rotary: Record<LayerType, RotaryEmbedding>;

  constructor(
    private readonly config: Gemma3Config,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, hidden_size, rms_norm_eps: epsilon, head_dim: headDim } = config;
    this.vocabularySize = vocab_size;
    this.logitSoftcap = config.final_logit_softcapping;
    this.embedTokens = this.add(parts.embedding('model.embed_tokens', vocab_size, hidden_size, { paddingRow: config.pad_token_id }));
    this.layers = config.layer_types.map((_, index) => this.add(new Gemma3Block(index, config, parts)));
    this.norm = this.add(parts.rmsNorm('model.norm', hidden_size, { epsilon, unitOffset: true }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', hidden_size, vocab_size));
    this.rotary = {
      full_attention: new RotaryEmbedding(config.rotary.full_attention, headDim),
      sliding_attention: new RotaryEmbedding(config.rotary.sliding_attention, headDim),
    };
  }

  get beginningsSameUpTo(): number {
    return Math.min(this.rotary.full_attention.sameUpTo, this.rotary.sliding_attention.sameUpTo);
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.embedTokens.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    return runSteps(this.steps(batch, cache));
  }

  steps({ tokenIds, positions, boundaries }: PackedTokens, cache?: KeyValueCache): ForwardSteps {
    const embedded = this.embedTokens.forward(tokenIds); // [tokens, hidden]
    // The published model rounds the factor to the weights' type before it multiplies.
    const scaled = this.embedTokens.perturbed(ops.mul(embedded, roundedTo(this.config.hidden_size ** 0.5, embedded)), boundaries); // [tokens, hidden]
    const rotations = {
      full_attention: this.rotary.full_attention.rotation(positions, boundaries),
      sliding_attention: this.rotary.sliding_attention.rotation(positions, boundaries),
    };
    return {
      embedded: scaled,
      layers: this.layers.map((layer, index) => (x) => layer.forward(x, { rotation: rotations[layer.type], boundaries, cache: cache?.layer(index) })), // [tokens, hidden]
      finish: (x) => {
        cache?.advance(boundaries);
        return this.norm.forward(x); // [tokens, hidden]
      },
    };
  }

  logits(hidden: Tensor): Tensor {
    const logits = project(hidden, this.outputWeight); // [tokens, vocabulary]
    const cap = this.logitSoftcap;
    return cap === null ? logits : ops.mulScalar(ops.tanh(ops.divScalar(logits, cap)), cap);
  }

  newCache(): KeyValueCache {
    const { num_hidden_layers, num_key_value_heads, head_dim } = this.config;
    return new KeyValueCache({ layers: num_hidden_layers, keyValueHeads: num_key_value_heads, headDim: head_dim });
  }
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly rotation: Rotation;
  readonly boundaries: readonly number[];
  readonly cache?: CacheLayer;
}

class Gemma3Block extends Module {
  readonly type: LayerType;
  private readonly attentionNormIn: RmsNorm;
  private readonly attention: Gemma3Attention;
  private readonly attentionNormOut: RmsNorm;
  private readonly networkNormIn: RmsNorm;
  private readonly network: GatedNetwork;
  private readonly networkNormOut: RmsNorm;

  constructor(index: number, config: Gemma3Config, parts: Parts) {
    const path = `model.layers.${index}`;
    super(path);
    this.type = config.layer_types[index] ?? 'full_attention';
    const norm = (name: string) => this.add(parts.rmsNorm(`${path}.${name}`, config.hidden_size, { epsilon: config.rms_norm_eps, unitOffset: true }));
    this.attentionNormIn = norm('input_layernorm');
    this.attention = this.add(new Gemma3Attention(`${path}.self_attn`, this.type, config, parts));
    this.attentionNormOut = norm('post_attention_layernorm');
    this.networkNormIn = norm('pre_feedforward_layernorm');
    this.network = this.add(new GatedNetwork(`${path}.mlp`, { hidden: config.hidden_size, inner: config.intermediate_size, activation: 'gelu_tanh' }, parts));
    this.networkNormOut = norm('post_feedforward_layernorm');
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attentionNormOut.forward(this.attention.forward(this.attentionNormIn.forward(x), pass))); // [tokens, hidden]
    return ops.add(attended, this.networkNormOut.forward(this.network.forward(this.networkNormIn.forward(attended)))); // [tokens, hidden]
  }
}

class Gemma3Attention extends Module {
  private readonly queryKeyValue: LinearGroup<[query: LinearLike, key: LinearLike, value: LinearLike]>;
  private readonly output: LinearLike;
  private readonly queryNorm: RmsNorm;
  private readonly keyNorm: RmsNorm;
  private readonly window: number | null;

  constructor(
    path: string,
    type: LayerType,
    private readonly config: Gemma3Config,
    parts: Parts,
  ) {
    super(path);
    const { hidden_size, num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headDim, attention_bias: bias, rms_norm_eps: epsilon } = config;
    this.window = type === 'sliding_attention' ? config.sliding_window : null;
    const query = parts.linear(`${path}.q_proj`, hidden_size, heads * headDim, { bias });
    const key = parts.linear(`${path}.k_proj`, hidden_size, keyValueHeads * headDim, { bias });
    const value = parts.linear(`${path}.v_proj`, hidden_size, keyValueHeads * headDim, { bias });
    this.queryKeyValue = this.add(new LinearGroup(path, [query, key, value]));
    this.output = this.add(parts.linear(`${path}.o_proj`, heads * headDim, hidden_size, { bias }));
    this.queryNorm = this.add(parts.rmsNorm(`${path}.q_norm`, headDim, { epsilon, unitOffset: true }));
    this.keyNorm = this.add(parts.rmsNorm(`${path}.k_norm`, headDim, { epsilon, unitOffset: true }));
  }

  forward(x: Tensor, { rotation, boundaries, cache }: Pass): Tensor {
    const { num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headDim } = this.config;
    const [q, k, v] = this.queryKeyValue.forward(x);
    const query = rotate(this.queryNorm.forward(ops.view(q, [-1, heads, headDim])), rotation); // [tokens, heads, headDim]
    const key = rotate(this.keyNorm.forward(ops.view(k, [-1, keyValueHeads, headDim])), rotation); // [tokens, keyValueHeads, headDim]
    const value = ops.view(v, [-1, keyValueHeads, headDim]); // [tokens, keyValueHeads, headDim]
    const scale = this.config.query_pre_attn_scalar ** -0.5;
    const attended = packedAttention(query, key, value, { boundaries, scale, window: this.window, cache });
    return this.output.forward(ops.reshape(attended, [-1, heads * headDim])); // [tokens, hidden]
  }
}
