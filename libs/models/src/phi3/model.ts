import { gateActivation, KeyValueCache, Module, packedAttention, project, RotaryEmbedding, rotate, type CacheLayer, type Embedding, type LinearLike, type PackedTokens, type Parts, type RmsNorm, type Rotation } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { runSteps } from '../run-steps.js';
import type { Phi3Config } from './config.js';

/**
 * Phi-3 (arXiv 2404.14219) and Phi-4 (2412.08905): a Llama-like decoder that has query, key and value in one linear, gate and up in another,
 * turns a part of each head, and by other speeds in rows longer than those of its first training (LongRoPE).
 */
export class Phi3Model extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap = null;
  private readonly embedTokens: Embedding;
  private readonly layers: Phi3Block[];
  private readonly norm: RmsNorm;
  private readonly head: LinearLike | null;
  private readonly rotary: RotaryEmbedding;

  constructor(
    private readonly config: Phi3Config,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, hidden_size, rms_norm_eps } = config;
    this.vocabularySize = vocab_size;
    this.embedTokens = this.add(parts.embedding('model.embed_tokens', vocab_size, hidden_size, { paddingRow: config.pad_token_id }));
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, index) => this.add(new Phi3Block(`model.layers.${index}`, config, parts)));
    this.norm = this.add(parts.rmsNorm('model.norm', hidden_size, { epsilon: rms_norm_eps }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', hidden_size, vocab_size));
    this.rotary = new RotaryEmbedding(config.rotary, config.turned);
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
    const { num_hidden_layers, num_attention_heads, num_key_value_heads, hidden_size } = this.config;
    return new KeyValueCache({ layers: num_hidden_layers, keyValueHeads: num_key_value_heads, headDim: hidden_size / num_attention_heads });
  }
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly rotation: Rotation;
  readonly boundaries: readonly number[];
  readonly cache?: CacheLayer;
}

class Phi3Block extends Module {
  private readonly attentionNorm: RmsNorm;
  private readonly attention: Phi3Attention;
  private readonly networkNorm: RmsNorm;
  private readonly network: Phi3Network;

  constructor(path: string, config: Phi3Config, parts: Parts) {
    super(path);
    const { hidden_size, rms_norm_eps: epsilon } = config;
    this.attentionNorm = this.add(parts.rmsNorm(`${path}.input_layernorm`, hidden_size, { epsilon }));
    this.attention = this.add(new Phi3Attention(`${path}.self_attn`, config, parts));
    this.networkNorm = this.add(parts.rmsNorm(`${path}.post_attention_layernorm`, hidden_size, { epsilon }));
    this.network = this.add(new Phi3Network(`${path}.mlp`, config, parts));
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), pass)); // [tokens, hidden]
    return ops.add(attended, this.network.forward(this.networkNorm.forward(attended))); // [tokens, hidden]
  }
}

class Phi3Attention extends Module {
  private readonly queryKeyValue: LinearLike;
  private readonly output: LinearLike;
  private readonly headDim: number;

  constructor(
    path: string,
    private readonly config: Phi3Config,
    parts: Parts,
  ) {
    super(path);
    const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: keyValueHeads } = config;
    this.headDim = hidden / heads;
    this.queryKeyValue = this.add(parts.linear(`${path}.qkv_proj`, hidden, (heads + 2 * keyValueHeads) * this.headDim));
    this.output = this.add(parts.linear(`${path}.o_proj`, hidden, hidden));
  }

  forward(x: Tensor, { rotation, boundaries, cache }: Pass): Tensor {
    const { headDim } = this;
    const { num_attention_heads: heads, num_key_value_heads: keyValueHeads, sliding_window: window } = this.config;
    const together = ops.view(this.queryKeyValue.forward(x), [-1, heads + 2 * keyValueHeads, headDim]);
    const [q, k, value] = ops.splitWithSizes(together, [heads, keyValueHeads, keyValueHeads], 1) as [Tensor, Tensor, Tensor]; // [tokens, heads or keyValueHeads, headDim]
    const attended = packedAttention(rotate(q, rotation), rotate(k, rotation), value, { boundaries, scale: headDim ** -0.5, window, cache });
    return this.output.forward(ops.reshape(attended, [-1, heads * headDim])); // [tokens, hidden]
  }
}

class Phi3Network extends Module {
  private readonly gateUp: LinearLike;
  private readonly down: LinearLike;

  constructor(path: string, { hidden_size, intermediate_size }: Phi3Config, parts: Parts) {
    super(path);
    this.gateUp = this.add(parts.linear(`${path}.gate_up_proj`, hidden_size, 2 * intermediate_size));
    this.down = this.add(parts.linear(`${path}.down_proj`, intermediate_size, hidden_size));
  }

  forward(x: Tensor): Tensor {
    return this.down.forward(gateActivation(this.gateUp.forward(x), 'silu')); // [tokens, hidden]
  }
}
