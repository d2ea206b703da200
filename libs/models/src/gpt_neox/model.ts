import { KeyValueCache, Module, packedAttention, project, RotaryEmbedding, rotate, type CacheLayer, type Embedding, type LayerNorm, type LinearLike, type PackedTokens, type Parts, type Rotation } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import { gelu } from '../gelu.js';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { runSteps } from '../run-steps.js';
import type { GptNeoXConfig } from './config.js';

/**
 * GPT-NeoX (arXiv 2204.06745) and Pythia (2304.01373): layer norms, one linear for the query, key and value of all heads, of which each head
 * has its three side by side, rotations of a part of each head, and attention and network on the same input.
 */
export class GptNeoXModel extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap = null;
  private readonly embedIn: Embedding;
  private readonly layers: GptNeoXBlock[];
  private readonly norm: LayerNorm;
  private readonly head: LinearLike | null;
  private readonly rotary: RotaryEmbedding;

  constructor(
    private readonly config: GptNeoXConfig,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, hidden_size, layer_norm_eps: epsilon } = config;
    this.vocabularySize = vocab_size;
    this.embedIn = this.add(parts.embedding('gpt_neox.embed_in', vocab_size, hidden_size));
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, index) => this.add(new GptNeoXBlock(`gpt_neox.layers.${index}`, config, parts)));
    this.norm = this.add(parts.layerNorm('gpt_neox.final_layer_norm', hidden_size, { epsilon }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('embed_out', hidden_size, vocab_size));
    this.rotary = new RotaryEmbedding(config.rotary, config.turned);
  }

  get beginningsSameUpTo(): number {
    return this.rotary.sameUpTo;
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.embedIn.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    return runSteps(this.steps(batch, cache));
  }

  steps({ tokenIds, positions, boundaries }: PackedTokens, cache?: KeyValueCache): ForwardSteps {
    const embedded = this.embedIn.forward(tokenIds, boundaries); // [tokens, hidden]
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
    const { num_hidden_layers, num_attention_heads: heads, hidden_size } = this.config;
    return new KeyValueCache({ layers: num_hidden_layers, keyValueHeads: heads, headDim: hidden_size / heads });
  }
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly rotation: Rotation;
  readonly boundaries: readonly number[];
  readonly cache?: CacheLayer;
}

class GptNeoXBlock extends Module {
  private readonly attentionNorm: LayerNorm;
  private readonly attention: GptNeoXAttention;
  private readonly networkNorm: LayerNorm;
  private readonly network: GptNeoXNetwork;
  private readonly parallel: boolean;

  constructor(path: string, config: GptNeoXConfig, parts: Parts) {
    super(path);
    const { hidden_size, layer_norm_eps: epsilon } = config;
    this.parallel = config.use_parallel_residual;
    this.attentionNorm = this.add(parts.layerNorm(`${path}.input_layernorm`, hidden_size, { epsilon }));
    this.attention = this.add(new GptNeoXAttention(`${path}.attention`, config, parts));
    this.networkNorm = this.add(parts.layerNorm(`${path}.post_attention_layernorm`, hidden_size, { epsilon }));
    this.network = this.add(new GptNeoXNetwork(`${path}.mlp`, config, parts));
  }

  /**
   *     parallel     x ─┬─ norm ─ attention ─┬─ + ──      one after the other    x ─┬─ norm ─ attention ─ + ─┬─ norm ─ network ─ + ──
   *                     ├─ norm ─ network ───┤                                      └─────────────────────┘  └───────────────────┘
   *                     └────────────────────┘
   */
  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), pass)); // [tokens, hidden]
    return ops.add(attended, this.network.forward(this.networkNorm.forward(this.parallel ? x : attended))); // [tokens, hidden]
  }
}

class GptNeoXAttention extends Module {
  private readonly queryKeyValue: LinearLike;
  private readonly output: LinearLike;
  private readonly heads: number;
  private readonly headDim: number;

  constructor(path: string, { hidden_size: hidden, num_attention_heads: heads, attention_bias: bias }: GptNeoXConfig, parts: Parts) {
    super(path);
    this.heads = heads;
    this.headDim = hidden / heads;
    this.queryKeyValue = this.add(parts.linear(`${path}.query_key_value`, hidden, 3 * hidden, { bias }));
    this.output = this.add(parts.linear(`${path}.dense`, hidden, hidden, { bias }));
  }

  forward(x: Tensor, { rotation, boundaries, cache }: Pass): Tensor {
    const { heads, headDim } = this;
    const together = ops.view(this.queryKeyValue.forward(x), [-1, heads, 3 * headDim]);
    const [q, k, value] = ops.splitWithSizes(together, [headDim, headDim, headDim], 2) as [Tensor, Tensor, Tensor]; // [tokens, heads, headDim] each
    const attended = packedAttention(rotate(q, rotation), rotate(k, rotation), value, { boundaries, scale: headDim ** -0.5, cache });
    return this.output.forward(ops.reshape(attended, [-1, heads * headDim])); // [tokens, hidden]
  }
}

class GptNeoXNetwork extends Module {
  private readonly up: LinearLike;
  private readonly down: LinearLike;

  constructor(
    path: string,
    private readonly config: GptNeoXConfig,
    parts: Parts,
  ) {
    super(path);
    const { hidden_size, intermediate_size } = config;
    this.up = this.add(parts.linear(`${path}.dense_h_to_4h`, hidden_size, intermediate_size, { bias: true }));
    this.down = this.add(parts.linear(`${path}.dense_4h_to_h`, intermediate_size, hidden_size, { bias: true }));
  }

  forward(x: Tensor): Tensor {
    return this.down.forward(gelu(this.up.forward(x), this.config.hidden_act)); // [tokens, hidden]
  }
}
