import { jsonText, readSideFiles, writeFileAtomically } from '@tunesmith/checkpoints';
import { basename, join } from 'node:path';
import type { SourceModel } from '../source-model.js';
import type { DecoderPlan } from './decoder-plan.js';
import { decoderPlanOf } from './decoder-plans.js';
import { onnxVariants, type OnnxVariant } from './onnx-variants.js';

/**
 * Writes what stands around the graphs in a folder that transformers.js and onnxruntime-genai load: config.json with `transformers.js_config`,
 * generation_config.json, the tokenizer with its chat template, genai_config.json.
 */
export async function writeOnnxFolder(model: SourceModel, variants: readonly OnnxVariant[], folder: string): Promise<void> {
  const written = (Object.keys(onnxVariants) as OnnxVariant[]).filter((variant) => variants.includes(variant));
  const first = onnxVariants[written[0]!];
  const tokenizerFiles = await readSideFiles(model.path, model.sideFiles);
  for (const [name, bytes] of Object.entries(tokenizerFiles)) await writeFileAtomically(join(folder, name), bytes);
  // transformers.js reads the template from here only.
  const tokenizerConfig = { ...model.tokenizerConfig, ...(model.chatTemplate !== undefined && { chat_template: model.chatTemplate }) };
  await writeFileAtomically(join(folder, 'tokenizer_config.json'), jsonText(tokenizerConfig));
  await writeFileAtomically(join(folder, 'generation_config.json'), jsonText(model.generationConfig));
  await writeFileAtomically(join(folder, 'genai_config.json'), jsonText(genaiConfig(model, decoderPlanOf(model), first.file)));
  const javascript = {
    dtype: first.dtype,
    use_external_data_format: Object.fromEntries(written.map((variant) => [basename(onnxVariants[variant].file), 1])),
  };
  await writeFileAtomically(join(folder, 'config.json'), jsonText({ ...model.configJson, 'transformers.js_config': javascript }));
}

/** The keys of onnxruntime-genai 0.18's model builder. */
function genaiConfig({ configJson, generationConfig }: SourceModel, plan: DecoderPlan, filename: string): Record<string, unknown> {
  const tokenId = (key: string) => generationConfig[key] ?? configJson[key];
  const endOfText = tokenId('eos_token_id');
  const windows = plan.layers.flatMap(({ window }, index) => (window === null ? [] : [{ window, index }]));
  return {
    model: {
      type: plan.type,
      vocab_size: plan.vocabularySize,
      context_length: plan.contextLength,
      bos_token_id: tokenId('bos_token_id'),
      eos_token_id: endOfText,
      pad_token_id: tokenId('pad_token_id') ?? (Array.isArray(endOfText) ? endOfText[0] : endOfText),
      decoder: {
        filename,
        head_size: plan.headSize,
        hidden_size: plan.hiddenSize,
        num_attention_heads: plan.heads,
        num_key_value_heads: plan.keyValueHeads,
        num_hidden_layers: plan.layers.length,
        session_options: { log_id: 'onnxruntime-genai', provider_options: [] },
        inputs: { input_ids: 'input_ids', attention_mask: 'attention_mask', past_key_names: 'past_key_values.%d.key', past_value_names: 'past_key_values.%d.value' },
        outputs: { logits: 'logits', present_key_names: 'present.%d.key', present_value_names: 'present.%d.value' },
        ...(windows.length > 0 && {
          sliding_window: { window_size: windows[0]!.window, slide_key_value_cache: false, slide_inputs: false, layers: windows.map(({ index }) => index) },
        }),
      },
    },
    search: {
      do_sample: false,
      max_length: plan.contextLength,
      min_length: 0,
      num_beams: 1,
      num_return_sequences: 1,
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
