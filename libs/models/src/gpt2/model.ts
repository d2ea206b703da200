import { KeyValueCache, Module, packedAttention, project, type CacheLayer, type Embedding, type LayerNorm, type LinearLike, type PackedTokens, type Parts } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import { gelu } from '../gelu.js';
import { checkLearnedPositions } from '../learned-positions.js';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { runSteps } from '../run-steps.js';
import type { Gpt2Config } from './config.js';

/**
 * GPT-2 ("Language Models are Unsupervised Multitask Learners", 2019) and Cerebras-GPT (arXiv 2304.03208): pre-norm blocks with layer
 * norms and biases everywhere, learned positions, query, key and value from one linear, a GELU network.
 */
export class Gpt2Model extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap = null;
  private readonly tokenEmbedding: Embedding;
  private readonly positionEmbedding: Embedding;
  private readonly layers: Gpt2Block[];
  private readonly norm: LayerNorm;
  private readonly head: LinearLike | null;

  constructor(
    private readonly config: Gpt2Config,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, n_embd, n_positions, layer_norm_epsilon: epsilon } = config;
    this.vocabularySize = vocab_size;
    this.tokenEmbedding = this.add(parts.embedding('transformer.wte', vocab_size, n_embd));
    this.positionEmbedding = this.add(parts.embedding('transformer.wpe', n_positions, n_embd));
    this.layers = Array.from({ length: config.n_layer }, (_, index) => this.add(new Gpt2Block(index, config, parts)));
    this.norm = this.add(parts.layerNorm('transformer.ln_f', n_embd, { epsilon }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', n_embd, vocab_size));
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.tokenEmbedding.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    return runSteps(this.steps(batch, cache));
  }

  steps({ tokenIds, positions, boundaries }: PackedTokens, cache?: KeyValueCache): ForwardSteps {
    checkLearnedPositions(boundaries, cache, this.config.n_positions);
    const embedded = ops.add(this.tokenEmbedding.forward(tokenIds, boundaries), this.positionEmbedding.forward(positions)); // [tokens, hidden]
    return {
      embedded,
      layers: this.layers.map((layer, index) => (x) => layer.forward(x, { boundaries, cache: cache?.layer(index) })), // [tokens, hidden]
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
    const { n_layer, n_head, n_embd } = this.config;
    return new KeyValueCache({ layers: n_layer, keyValueHeads: n_head, headDim: n_embd / n_head });
  }
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly boundaries: readonly number[];
  readonly cache?: CacheLayer;
}

class Gpt2Block extends Module {
  private readonly attentionNorm: LayerNorm;
  private readonly attention: Gpt2Attention;
  private readonly networkNorm: LayerNorm;
  private readonly network: Gpt2Network;

  constructor(index: number, config: Gpt2Config, parts: Parts) {
    const path = `transformer.h.${index}`;
    super(path);
    const { n_embd, layer_norm_epsilon: epsilon } = config;
    this.attentionNorm = this.add(parts.layerNorm(`${path}.ln_1`, n_embd, { epsilon }));
    this.attention = this.add(new Gpt2Attention(`${path}.attn`, index, config, parts));
    this.networkNorm = this.add(parts.layerNorm(`${path}.ln_2`, n_embd, { epsilon }));
    this.network = this.add(new Gpt2Network(`${path}.mlp`, config, parts));
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), pass)); // [tokens, hidden]
    return ops.add(attended, this.network.forward(this.networkNorm.forward(attended))); // [tokens, hidden]
  }
}

class Gpt2Attention extends Module {
  private readonly queryKeyValue: LinearLike;
  private readonly output: LinearLike;
  private readonly heads: number;
  private readonly headDim: number;
  private readonly scale: number;
  private readonly widened: boolean;

  constructor(path: string, index: number, config: Gpt2Config, parts: Parts) {
    super(path);
    const { n_embd, n_head } = config;
    this.heads = n_head;
    this.headDim = n_embd / n_head;
    this.scale = (config.scale_attn_weights ? this.headDim ** -0.5 : 1) / (config.scale_attn_by_inverse_layer_idx ? index + 1 : 1);
    this.widened = config.reorder_and_upcast_attn;
    this.queryKeyValue = this.add(parts.linear(`${path}.c_attn`, n_embd, 3 * n_embd, { bias: true }));
    this.output = this.add(parts.linear(`${path}.c_proj`, n_embd, n_embd, { bias: true }));
  }

  forward(x: Tensor, { boundaries, cache }: Pass): Tensor {
    const { heads, headDim, scale } = this;
    const together = this.queryKeyValue.forward(x); // [tokens, 3 * hidden]
    const wide = ops.view(this.widened ? ops.toDtype(together, 'float32') : together, [-1, 3 * heads, headDim]);
    const [query, key, value] = ops.splitWithSizes(wide, [heads, heads, heads], 1) as [Tensor, Tensor, Tensor]; // [tokens, heads, headDim] each
    const attended = packedAttention(query, key, value, { boundaries, scale, cache });
    return this.output.forward(ops.toDtype(ops.reshape(attended, [-1, heads * headDim]), x.dtype)); // [tokens, hidden]
  }
}

class Gpt2Network extends Module {
  private readonly up: LinearLike;
  private readonly down: LinearLike;

  constructor(
    path: string,
    private readonly config: Gpt2Config,
    parts: Parts,
  ) {
    super(path);
    const { n_embd, n_inner } = config;
    this.up = this.add(parts.linear(`${path}.c_fc`, n_embd, n_inner, { bias: true }));
    this.down = this.add(parts.linear(`${path}.c_proj`, n_inner, n_embd, { bias: true }));
  }

  forward(x: Tensor): Tensor {
    return this.down.forward(gelu(this.up.forward(x), this.config.activation_function)); // [tokens, hidden]
  }
}
