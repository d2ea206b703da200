import { KeyValueCache, LinearGroup, Module, packedAttention, project, type CacheLayer, type Embedding, type LayerNorm, type LinearLike, type PackedTokens, type Parts } from '@tunesmith/nn';
import { ops, type Tensor } from '@tunesmith/tensor';
import { gelu } from '../gelu.js';
import { checkLearnedPositions } from '../learned-positions.js';
import type { CausalLanguageModel, ForwardSteps } from '../model-family.js';
import { runSteps } from '../run-steps.js';
import type { GptNeoConfig } from './config.js';

/**
 * GPT-Neo (Black et al. 2021, doi 10.5281/zenodo.5297715): GPT-2 with separate query, key and value linears without biases, scores that are
 * not scaled, and layers that alternate between everything and a window.
 */
export class GptNeoModel extends Module implements CausalLanguageModel {
  readonly vocabularySize: number;
  readonly logitSoftcap = null;
  private readonly tokenEmbedding: Embedding;
  private readonly positionEmbedding: Embedding;
  private readonly layers: GptNeoBlock[];
  private readonly norm: LayerNorm;
  private readonly head: LinearLike | null;

  constructor(
    private readonly config: GptNeoConfig,
    parts: Parts,
  ) {
    super('');
    const { vocab_size, hidden_size, max_position_embeddings, layer_norm_epsilon: epsilon } = config;
    this.vocabularySize = vocab_size;
    this.tokenEmbedding = this.add(parts.embedding('transformer.wte', vocab_size, hidden_size));
    this.positionEmbedding = this.add(parts.embedding('transformer.wpe', max_position_embeddings, hidden_size));
    this.layers = Array.from({ length: config.num_layers }, (_, index) => this.add(new GptNeoBlock(index, config, parts)));
    this.norm = this.add(parts.layerNorm('transformer.ln_f', hidden_size, { epsilon }));
    this.head = config.tie_word_embeddings ? null : this.add(parts.linear('lm_head', hidden_size, vocab_size));
  }

  get outputWeight(): Tensor {
    return this.head?.weight ?? this.tokenEmbedding.weight;
  }

  hidden(batch: PackedTokens, cache?: KeyValueCache): Tensor {
    return runSteps(this.steps(batch, cache));
  }

  steps({ tokenIds, positions, boundaries }: PackedTokens, cache?: KeyValueCache): ForwardSteps {
    checkLearnedPositions(boundaries, cache, this.config.max_position_embeddings);
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
    const { num_layers, num_heads, hidden_size } = this.config;
    return new KeyValueCache({ layers: num_layers, keyValueHeads: num_heads, headDim: hidden_size / num_heads });
  }
}

/** What every layer of one forward pass shares. */
interface Pass {
  readonly boundaries: readonly number[];
  readonly cache?: CacheLayer;
}

class GptNeoBlock extends Module {
  private readonly attentionNorm: LayerNorm;
  private readonly attention: GptNeoAttention;
  private readonly networkNorm: LayerNorm;
  private readonly network: GptNeoNetwork;

  constructor(index: number, config: GptNeoConfig, parts: Parts) {
    const path = `transformer.h.${index}`;
    super(path);
    const { hidden_size, layer_norm_epsilon: epsilon } = config;
    this.attentionNorm = this.add(parts.layerNorm(`${path}.ln_1`, hidden_size, { epsilon }));
    this.attention = this.add(new GptNeoAttention(`${path}.attn.attention`, index, config, parts));
    this.networkNorm = this.add(parts.layerNorm(`${path}.ln_2`, hidden_size, { epsilon }));
    this.network = this.add(new GptNeoNetwork(`${path}.mlp`, config, parts));
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const attended = ops.add(x, this.attention.forward(this.attentionNorm.forward(x), pass)); // [tokens, hidden]
    return ops.add(attended, this.network.forward(this.networkNorm.forward(attended))); // [tokens, hidden]
  }
}

class GptNeoAttention extends Module {
  private readonly queryKeyValue: LinearGroup<[query: LinearLike, key: LinearLike, value: LinearLike]>;
  private readonly output: LinearLike;
  private readonly heads: number;
  private readonly headDim: number;
  private readonly window: number | null;

  constructor(path: string, index: number, { hidden_size: hidden, num_heads: heads, attention_layers, window_size }: GptNeoConfig, parts: Parts) {
    super(path);
    this.heads = heads;
    this.headDim = hidden / heads;
    this.window = attention_layers[index] === 'local' ? window_size : null;
    const [query, key, value] = [parts.linear(`${path}.q_proj`, hidden, hidden), parts.linear(`${path}.k_proj`, hidden, hidden), parts.linear(`${path}.v_proj`, hidden, hidden)];
    this.queryKeyValue = this.add(new LinearGroup(path, [query, key, value]));
    this.output = this.add(parts.linear(`${path}.out_proj`, hidden, hidden, { bias: true }));
  }

  forward(x: Tensor, { boundaries, cache }: Pass): Tensor {
    const { heads, headDim, window } = this;
    // In float32 as published: scores that are not scaled overflow narrower types, and lose digits in them.
    const [query, key, value] = this.queryKeyValue.forward(x).map((part) => ops.view(ops.toDtype(part, 'float32'), [-1, heads, headDim])) as [Tensor, Tensor, Tensor]; // [tokens, heads, headDim] each
    const attended = packedAttention(query, key, value, { boundaries, scale: 1, window, cache });
    return this.output.forward(ops.toDtype(ops.reshape(attended, [-1, heads * headDim]), x.dtype)); // [tokens, hidden]
  }
}

class GptNeoNetwork extends Module {
  private readonly up: LinearLike;
  private readonly down: LinearLike;

  constructor(
    path: string,
    private readonly config: GptNeoConfig,
    parts: Parts,
  ) {
    super(path);
    const { hidden_size, intermediate_size } = config;
    this.up = this.add(parts.linear(`${path}.c_fc`, hidden_size, intermediate_size, { bias: true }));
    this.down = this.add(parts.linear(`${path}.c_proj`, intermediate_size, hidden_size, { bias: true }));
  }

  forward(x: Tensor): Tensor {
    return this.down.forward(gelu(this.up.forward(x), this.config.activation_function)); // [tokens, hidden]
  }
}
