import { GatedNetwork, KeyValueCache, LinearGroup, Module, packedAttention, project, RotaryEmbedding, rotate, type CacheLayer, type Embedding, type LinearLike, type PackedTokens, type Parts, type RmsNorm, type Rotation } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { runSteps } from '../run-steps.js';
import type { LlamaConfig } from './config.js';

/**
 * Llama (arXiv 2302.13971, 2307.09288) and Mistral (2310.06825): pre-norm blocks of grouped-query attention with rotary positions
 * and a gated SiLU network. Rows are packed: "tokens" below are those of all rows.
 */
export class LlamaModel extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap = null;
  private readonly embedTokens: Embedding;
  private readonly layers: LlamaBlock[];
  private readonly norm: RmsNorm;
  private readonly head: LinearLike | null;
  private readonly rotary: RotaryEmbedding;

  constructor(
    private readonly config: LlamaConfig,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, hidden_size, rms_norm_eps } = config;
    this.vocabularySize = vocab_size;
    this.embedTokens = this.add(parts.embedding('model.embed_tokens', vocab_size, hidden_size, { paddingRow: config.pad_token_id }));
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, index) => this.add(new LlamaBlock(`model.layers.${index}`, config, parts)));
    this.norm = this.add(parts.rmsNorm('model.norm', hidden_size, { epsilon: rms_norm_eps }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', hidden_size, vocab_size));
    this.rotary = new RotaryEmbedding(config.rotary, config.head_dim);
  }

  get beginningsSameUpTo(): number {
    return this.rotary.sameUpTo;
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.embedTokens.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    return runSteps(this.steps(batch, cache));
  }

  steps({ tokenIds, positions, boundaries }: PackedTokens, cache?: KeyValueCache): ForwardSteps {
    const embedded = this.embedTokens.forward(tokenIds, boundaries); // [tokens, hidden]
    const rotation = this.rotary.rotation(positions, boundaries);
    return {
      embedded,
      layers: this.layers.map((layer, index) => (x) => layer.forward(x, { rotation, boundaries, cache: cache?.layer(index) })), // [tokens, hidden]
      finish: (x) => {
        cache?.advance(boundaries);
        return this.norm.forward(x); // [tokens, hidden]
      },
    };
  }

  logits(hidden: Tensor): Tensor {
    return project(hidden, this.outputWeight); // [tokens, vocabulary]
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

class LlamaBlock extends Module {
  private readonly attentionNorm: RmsNorm;
  private readonly attention: LlamaAttention;
  private readonly networkNorm: RmsNorm;
  private readonly network: GatedNetwork;

  constructor(path: string, config: LlamaConfig, parts: Parts) {
    super(path);
    const { hidden_size, rms_norm_eps: epsilon } = config;
    this.attentionNorm = this.add(parts.rmsNorm(`${path}.input_layernorm`, hidden_size, { epsilon }));
    this.attention = this.add(new LlamaAttention(`${path}.self_attn`, config, parts));
    this.networkNorm = this.add(parts.rmsNorm(`${path}.post_attention_layernorm`, hidden_size, { epsilon }));
    this.network = this.add(new GatedNetwork(`${path}.mlp`, { hidden: config.hidden_size, inner: config.intermediate_size, activation: 'silu', bias: config.mlp_bias }, parts));
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), pass)); // [tokens, hidden]
    return ops.add(attended, this.network.forward(this.networkNorm.forward(attended))); // [tokens, hidden]
  }
}

class LlamaAttention extends Module {
  private readonly queryKeyValue: LinearGroup<[query: LinearLike, key: LinearLike, value: LinearLike]>;
  private readonly output: LinearLike;

  constructor(
    path: string,
    private readonly config: LlamaConfig,
    parts: Parts,
  ) {
    super(path);
    const { hidden_size, num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headDim, attention_bias: bias } = config;
    const query = parts.linear(`${path}.q_proj`, hidden_size, heads * headDim, { bias });
    const key = parts.linear(`${path}.k_proj`, hidden_size, keyValueHeads * headDim, { bias });
    const value = parts.linear(`${path}.v_proj`, hidden_size, keyValueHeads * headDim, { bias });
    this.queryKeyValue = this.add(new LinearGroup(path, [query, key, value]));
    this.output = this.add(parts.linear(`${path}.o_proj`, heads * headDim, hidden_size, { bias }));
  }

  forward(x: Tensor, { rotation, boundaries, cache }: Pass): Tensor {
    const { num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headDim, sliding_window: window } = this.config;
    const [q, k, v] = this.queryKeyValue.forward(x);
    const query = rotate(ops.view(q, [-1, heads, headDim]), rotation); // [tokens, heads, headDim]
    const key = rotate(ops.view(k, [-1, keyValueHeads, headDim]), rotation); // [tokens, keyValueHeads, headDim]
    const value = ops.view(v, [-1, keyValueHeads, headDim]); // [tokens, keyValueHeads, headDim]
    const attended = packedAttention(query, key, value, { boundaries, scale: headDim ** -0.5, window, cache });
    return this.output.forward(ops.reshape(attended, [-1, heads * headDim])); // [tokens, hidden]
  }
}
