import { gemma3, type Gemma3Config } from '@tunesmith/models';
import { decoderGraph } from '../decoder-graph.js';
import type { DecoderParts } from '../decoder-parts.js';
import type { Rotation } from '../rotation.js';

/**
 * Gemma 3, text: scaled embeddings, norm weights stored as distances from one, norms on the way in and on the way out of every sub-layer, queries and
 * keys normed per head, layers that alternate between a window with fast rotations and everything with slow ones.
 */
export const gemma3Graph = decoderGraph<Gemma3Config>({
  family: gemma3,

  shape: (config) => ({
    type: 'gemma3_text',
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads: config.num_key_value_heads,
    headSize: config.head_dim,
    contextLength: config.max_position_embeddings,
  }),

  async write(config, parts) {
    const { vocab_size, hidden_size: hidden, intermediate_size: inner, rms_norm_eps: epsilon, head_dim: headSize, final_logit_softcapping: cap } = config;
    const norm = { size: hidden, epsilon, unitOffset: true };
    const rotations = {
      full_attention: parts.rotation('model.rotary_emb', config.rotary.full_attention, headSize),
      sliding_attention: parts.rotation('model.rotary_emb_local', config.rotary.sliding_attention, headSize),
    };
    const embedded = await parts.embedding('model.embed_tokens', parts.inputs.tokenIds, { rows: vocab_size, width: hidden });
    let x = parts.scaled('model.embed_tokens', embedded, Math.sqrt(hidden)); // [batch, sequence, hidden]
    for (const [layer, type] of config.layer_types.entries()) {
      const path = `model.layers.${layer}`;
      const attended = await attention(config, parts, layer, await parts.rmsNorm(`${path}.input_layernorm`, x, norm), rotations[type]);
      x = parts.add(path, x, await parts.rmsNorm(`${path}.post_attention_layernorm`, attended, norm));
      const fed = await parts.gatedNetwork(`${path}.mlp`, await parts.rmsNorm(`${path}.pre_feedforward_layernorm`, x, norm), { hidden, inner, activation: 'gelu-tanh' });
      x = parts.add(path, x, await parts.rmsNorm(`${path}.post_feedforward_layernorm`, fed, norm));
      parts.layerDone();
    }
    const normed = await parts.rmsNorm('model.norm', x, norm);
    const logits = config.tie_word_embeddings ? parts.tiedHead('model.embed_tokens', normed) : await parts.linear('lm_head', normed, { inputs: hidden, outputs: vocab_size });
    return cap === null ? logits : parts.softcap('lm_head', logits, cap);
  },
});

async function attention(config: Gemma3Config, parts: DecoderParts, layer: number, x: string, rotation: Rotation): Promise<string> {
  const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: keyValueHeads, head_dim: headSize, attention_bias: bias, rms_norm_eps: epsilon } = config;
  const path = `model.layers.${layer}.self_attn`;
  const q = await parts.linear(`${path}.q_proj`, x, { inputs: hidden, outputs: heads * headSize, bias });
  const k = await parts.linear(`${path}.k_proj`, x, { inputs: hidden, outputs: keyValueHeads * headSize, bias });
  const value = await parts.linear(`${path}.v_proj`, x, { inputs: hidden, outputs: keyValueHeads * headSize, bias, makesValues: true });
  const query = await parts.headNorm(`${path}.q_norm`, q, headSize, { epsilon, unitOffset: true });
  const key = await parts.headNorm(`${path}.k_norm`, k, headSize, { epsilon, unitOffset: true });
  const scale = config.query_pre_attn_scalar ** -0.5;
  const attended = parts.attention(path, { query, key, value }, { layer, heads, keyValueHeads, headSize, scale, window: windowOf(config, layer), rotation });
  return parts.linear(`${path}.o_proj`, attended, { inputs: heads * headSize, outputs: hidden, bias });
}

function windowOf({ layer_types, sliding_window }: Gemma3Config, layer: number): number | null {
  return layer_types[layer] === 'sliding_attention' ? sliding_window : null;
}
