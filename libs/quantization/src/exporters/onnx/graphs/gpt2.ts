import { gpt2, type Gpt2Config } from '@tunesmith/models';
import { activate } from '../activation.js';
import { decoderGraph } from '../decoder-graph.js';
import type { DecoderParts } from '../decoder-parts.js';

/** GPT-2 and Cerebras-GPT: layer norms and biases everywhere, learned positions, query, key and value from one linear, a GELU network. */
export const gpt2Graph = decoderGraph<Gpt2Config>({
  family: gpt2,

  shape: (config) => ({
    // genai's own gpt2 is the fused export of 2020, with one tensor for keys and values; this one is like every other decoder.
    type: 'decoder',
    vocabularySize: config.vocab_size,
    hiddenSize: config.n_embd,
    layers: config.n_layer,
    heads: config.n_head,
    keyValueHeads: config.n_head,
    headSize: config.n_embd / config.n_head,
    contextLength: config.n_positions,
  }),

  async write(config, parts) {
    const { vocab_size, n_embd: hidden, n_positions, layer_norm_epsilon: epsilon } = config;
    const norm = { size: hidden, epsilon };
    const tokens = await parts.embedding('transformer.wte', parts.inputs.tokenIds, { rows: vocab_size, width: hidden });
    const positions = await parts.embedding('transformer.wpe', parts.inputs.positions, { rows: n_positions, width: hidden });
    let x = parts.add('transformer', tokens, positions); // [batch, sequence, hidden]
    for (let layer = 0; layer < config.n_layer; layer += 1) {
      const path = `transformer.h.${layer}`;
      x = parts.add(path, x, await attention(config, parts, layer, await parts.layerNorm(`${path}.ln_1`, x, norm)));
      x = parts.add(path, x, await network(config, parts, `${path}.mlp`, await parts.layerNorm(`${path}.ln_2`, x, norm)));
      parts.layerDone();
    }
    const normed = await parts.layerNorm('transformer.ln_f', x, norm);
    return config.tie_word_embeddings ? parts.tiedHead('transformer.wte', normed) : parts.linear('lm_head', normed, { inputs: hidden, outputs: vocab_size });
  },
});

async function attention(config: Gpt2Config, parts: DecoderParts, layer: number, x: string): Promise<string> {
  const { n_embd: hidden, n_head: heads } = config;
  const headSize = hidden / heads;
  const path = `transformer.h.${layer}.attn`;
  const scale = (config.scale_attn_weights ? headSize ** -0.5 : 1) / (config.scale_attn_by_inverse_layer_idx ? layer + 1 : 1);
  const together = await parts.linear(`${path}.c_attn`, x, { inputs: hidden, outputs: 3 * hidden, bias: true, transposed: true, makesValues: true });
  const [query, key, value] = parts.split(`${path}.c_attn`, together, [hidden, hidden, hidden]) as [string, string, string];
  const attended = parts.attention(path, { query, key, value }, { layer, heads, keyValueHeads: heads, headSize, scale });
  return parts.linear(`${path}.c_proj`, attended, { inputs: hidden, outputs: hidden, bias: true, transposed: true });
}

async function network({ n_embd: hidden, n_inner: inner, activation_function }: Gpt2Config, parts: DecoderParts, path: string, x: string): Promise<string> {
  const up = await parts.linear(`${path}.c_fc`, x, { inputs: hidden, outputs: inner, bias: true, transposed: true });
  const active = activate(parts, path, up, activation_function === 'gelu' ? 'gelu' : 'gelu-tanh');
  return parts.linear(`${path}.c_proj`, active, { inputs: inner, outputs: hidden, bias: true, transposed: true });
}
