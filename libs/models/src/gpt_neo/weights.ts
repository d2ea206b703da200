import { ModelConfigError } from '../model-config-error.js';
import type { FamilyWeights, WeightName } from '../model-family.js';
import type { GptNeoConfig } from './config.js';

/** Names of GPT-Neo checkpoints. llama.cpp has no such architecture. */
export const gptNeoWeights: FamilyWeights<GptNeoConfig> = {
  tensors,
  ignored: [
    { pattern: /^transformer\.h\.\d+\.attn\.attention\.(?:bias|masked_bias)$/, reason: 'the causal mask, which follows from the number of positions and the window' },
    { pattern: /^lm_head\.weight$/, reason: 'a tied head stored twice' },
  ],
  spellings: [{ pattern: /^(?=(?:wte|wpe|ln_f|h\.\d+)\.)/, replacement: 'transformer.', reason: 'saved from the model without its head' }],
  gguf: { architecture: null, configFromGguf: refuse, metadataFromConfig: refuse, derivedTensors: () => [] },
};

function tensors({ vocab_size, max_position_embeddings, hidden_size: hidden, intermediate_size: inner, num_layers, tie_word_embeddings }: GptNeoConfig): WeightName[] {
  const names: WeightName[] = [
    { huggingFace: 'transformer.wte.weight', gguf: 'token_embd.weight', shape: [vocab_size, hidden] },
    { huggingFace: 'transformer.wpe.weight', gguf: 'position_embd.weight', shape: [max_position_embeddings, hidden] },
  ];
  const linear = (path: string, gguf: string, out: number, from: number, bias: boolean) => {
    names.push({ huggingFace: `${path}.weight`, gguf: `${gguf}.weight`, shape: [out, from] });
    if (bias) names.push({ huggingFace: `${path}.bias`, gguf: `${gguf}.bias`, shape: [out] });
  };
  const norm = (path: string, gguf: string) => {
    for (const part of ['weight', 'bias']) names.push({ huggingFace: `${path}.${part}`, gguf: `${gguf}.${part}`, shape: [hidden] });
  };

  for (let layer = 0; layer < num_layers; layer += 1) {
    const path = `transformer.h.${layer}`;
    const gguf = `blk.${layer}`;
    norm(`${path}.ln_1`, `${gguf}.attn_norm`);
    for (const letter of ['q', 'k', 'v']) linear(`${path}.attn.attention.${letter}_proj`, `${gguf}.attn_${letter}`, hidden, hidden, false);
    linear(`${path}.attn.attention.out_proj`, `${gguf}.attn_output`, hidden, hidden, true);
    norm(`${path}.ln_2`, `${gguf}.ffn_norm`);
    linear(`${path}.mlp.c_fc`, `${gguf}.ffn_up`, inner, hidden, true);
    linear(`${path}.mlp.c_proj`, `${gguf}.ffn_down`, hidden, inner, true);
  }
  norm('transformer.ln_f', 'output_norm');
  if (!tie_word_embeddings) linear('lm_head', 'output', vocab_size, hidden, false);
  return names;
}

function refuse(): never {
  throw new ModelConfigError({ message: 'GGUF of a gpt_neo model: llama.cpp has no architecture for it. Keep the Hugging Face folder.', facts: { family: 'gpt_neo' } });
}
