import type { SourceModel } from '../source-model.js';
import type { DecoderShape } from './model-graph.js';

/** What onnxruntime-genai reads of a folder: the keys of its own model builder (0.18). `filename` is inside the folder. */
export function genaiConfig({ configJson, generationConfig }: Pick<SourceModel, 'configJson' | 'generationConfig'>, shape: DecoderShape, filename: string): Record<string, unknown> {
  const tokenId = (key: string) => generationConfig[key] ?? configJson[key];
  const endOfText = tokenId('eos_token_id');
  return {
    model: {
      type: shape.type,
      vocab_size: shape.vocabularySize,
      context_length: shape.contextLength,
      bos_token_id: tokenId('bos_token_id'),
      eos_token_id: endOfText,
      pad_token_id: tokenId('pad_token_id') ?? (Array.isArray(endOfText) ? endOfText[0] : endOfText),
      decoder: {
        filename,
        head_size: shape.headSize,
        hidden_size: shape.hiddenSize,
        num_attention_heads: shape.heads,
        num_key_value_heads: shape.keyValueHeads,
        num_hidden_layers: shape.layers,
        session_options: { log_id: 'onnxruntime-genai', provider_options: [] },
        inputs: { input_ids: 'input_ids', attention_mask: 'attention_mask', past_key_names: 'past_key_values.%d.key', past_value_names: 'past_key_values.%d.value' },
        outputs: { logits: 'logits', present_key_names: 'present.%d.key', present_value_names: 'present.%d.value' },
      },
    },
    search: {
      do_sample: false,
      max_length: shape.contextLength,
      min_length: 0,
      num_beams: 1,
      num_return_sequences: 1,
      // One buffer for the whole context, which attention writes into in place.
      past_present_share_buffer: true,
      repetition_penalty: 1,
      temperature: 1,
      top_k: 1,
      top_p: 1,
      length_penalty: 1,
      diversity_penalty: 0,
      no_repeat_ngram_size: 0,
      early_stopping: true,
    },
  };
}
