import { phi3, type Phi3Config } from '@tunesmith/models';
import { activate } from '../activation.js';
import { decoderGraph } from '../decoder-graph.js';
import type { DecoderParts } from '../decoder-parts.js';
import type { Rotation } from '../rotation.js';

/** Phi-3, Phi-3.5 and Phi-4: as Llama, but query, key and value come from one linear, gate and up from another, and only a part of each head may turn. */
export const phi3Graph = decoderGraph<Phi3Config>({
  family: phi3,

  shape: (config) => ({
    type: 'phi3',
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.hidden_size / config.num_attention_heads,
    contextLength: config.max_position_embeddings,
  }),

  async write(config, parts) {
    const { vocab_size, hidden_size: hidden, rms_norm_eps: epsilon } = config;
    const norm = { size: hidden, epsilon };
    const rotation = parts.rotation('model.rotary_emb', config.rotary, config.turned);
    let x = await parts.embedding('model.embed_tokens', parts.inputs.tokenIds, { rows: vocab_size, width: hidden }); // [batch, sequence, hidden]
    for (let layer = 0; layer < config.num_hidden_layers; layer += 1) {
      const path = `model.layers.${layer}`;
      x = parts.add(path, x, await attention(config, parts, layer, await parts.rmsNorm(`${path}.input_layernorm`, x, norm), rotation));
      x = parts.add(path, x, await network(config, parts, `${path}.mlp`, await parts.rmsNorm(`${path}.post_attention_layernorm`, x, norm)));
      parts.layerDone();
    }
    const normed = await parts.rmsNorm('model.norm', x, norm);
    return config.tie_word_embeddings ? parts.tiedHead('model.embed_tokens', normed) : parts.linear('lm_head', normed, { inputs: hidden, outputs: vocab_size });
  },
});

async function attention(config: Phi3Config, parts: DecoderParts, layer: number, x: string, rotation: Rotation): Promise<string> {
  const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: keyValueHeads, sliding_window: window } = config;
  const headSize = hidden / heads;
  const path = `model.layers.${layer}.self_attn`;
  const sizes = [heads * headSize, keyValueHeads * headSize, keyValueHeads * headSize];
  const together = await parts.linear(`${path}.qkv_proj`, x, { inputs: hidden, outputs: (heads + 2 * keyValueHeads) * headSize, makesValues: true });
  const [query, key, value] = parts.split(`${path}.qkv_proj`, together, sizes) as [string, string, string];
  const attended = parts.attention(path, { query, key, value }, { layer, heads, keyValueHeads, headSize, scale: headSize ** -0.5, window, rotation });
  return parts.linear(`${path}.o_proj`, attended, { inputs: hidden, outputs: hidden });
}

async function network({ hidden_size: hidden, intermediate_size: inner }: Phi3Config, parts: DecoderParts, path: string, x: string): Promise<string> {
  const together = await parts.linear(`${path}.gate_up_proj`, x, { inputs: hidden, outputs: 2 * inner });
  const [gate, up] = parts.split(`${path}.gate_up_proj`, together, [inner, inner]) as [string, string];
  const gated = parts.graph.value(path, 'Mul', [activate(parts, path, gate, 'silu'), up]);
  return parts.linear(`${path}.down_proj`, gated, { inputs: inner, outputs: hidden });
}
