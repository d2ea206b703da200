import { qwen2, type Qwen2Config } from '@tunesmith/models';
import { decoderGraph } from '../decoder-graph.js';
import type { DecoderParts } from '../decoder-parts.js';
import type { Rotation } from '../rotation.js';

/** Qwen2 and Qwen2.5: as Llama, but queries, keys and values have biases, and some layers may look through a window. */
export const qwen2Graph = decoderGraph<Qwen2Config>({
  family: qwen2,

  shape: (config) => ({
    type: 'qwen2',
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    contextLength: config.max_position_embeddings,
  }),

  async write(config, parts) {
    const { vocab_size, hidden_size: hidden, intermediate_size: inner, rms_norm_eps: epsilon } = config;
    const norm = { size: hidden, epsilon };
    const rotation = parts.rotation('model.rotary_emb', config.rotary, config.head_dim);
    let x = await parts.embedding('model.embed_tokens', parts.inputs.tokenIds, { rows: vocab_size, width: hidden }); // [batch, sequence, hidden]
    for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
      const path = `model.layers.${layer}`;
      x = parts.add(path, x, await attention(config, parts, layer, await parts.rmsNorm(`${path}.input_layernorm`, x, norm), rotation));
      x = parts.add(path, x, await parts.gatedNetwork(`${path}.mlp`, await parts.rmsNorm(`${path}.post_attention_layernorm`, x, norm), { hidden, inner, activation: 'silu' }));
      parts.layerDone();
    }
    const normed = await parts.rmsNorm('model.norm', x, norm);
    return config.tie_word_embeddings ? parts.tiedHead('model.embed_tokens', normed) : parts.linear('lm_head', normed, { inputs: hidden, outputs: vocab_size });
  },
});

async function attention(config: Qwen2Config, parts: DecoderParts, layer: number, x: string, rotation: Rotation): Promise<string> {
  const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headSize } = config;
  const path = `model.layers.${layer}.self_attn`;
  const query = await parts.linear(`${path}.q_proj`, x, { inputs: hidden, outputs: heads * headSize, bias: true });
  const key = await parts.linear(`${path}.k_proj`, x, { inputs: hidden, outputs: keyValueHeads * headSize, bias: true });
  const value = await parts.linear(`${path}.v_proj`, x, { inputs: hidden, outputs: keyValueHeads * headSize, bias: true, makesValues: true });
  const attended = parts.attention(path, { query, key, value }, { layer, heads, keyValueHeads, headSize, scale: headSize ** -0.5, window: windowOf(config, layer), rotation });
  return parts.linear(`${path}.o_proj`, attended, { inputs: heads * headSize, outputs: hidden });
}

function windowOf({ layer_types, sliding_window }: Qwen2Config, layer: number): number | null {
  return layer_types[layer] === 'sliding_attention' ? sliding_window : null;
}
