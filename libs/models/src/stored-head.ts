import type { TensorSource } from '@tunesmith/checkpoints';
import { isDeepStrictEqual } from 'node:util';
import { PublishedTensors } from './published-tensors.js';
import type { TextModel } from './text-model-of.js';

/**
 * The same model, or, where the file holds a head that is not the embedding although its configuration ties them, the one with a head of its own:
 * what somebody gets who tunes the head of a tied model, and what transformers 5 computes with. Reads both matrices where both are there.
 */
export async function withStoredHead(model: TextModel, source: TensorSource): Promise<TextModel> {
  const { family, weights, configJson } = model;
  // What a tied head reads may be scaled (T5), which stays as it was.
  const kept = typeof model.config === 'object' && model.config !== null && 'scale_decoder_outputs' in model.config ? { scale_decoder_outputs: model.config.scale_decoder_outputs } : {};
  const untiedJson = { ...configJson, tie_word_embeddings: false, ...(configJson.model_type === 'mt5' ? {} : kept) };
  const untied = family.parseConfig(untiedJson);
  const named = (role: string) => weights.tensors(untied).find(({ gguf }) => gguf === role)?.huggingFace;
  const [embedding, head] = [named('token_embd.weight'), named('output.weight')];
  if (embedding === undefined || head === undefined || weights.tensors(model.config).some(({ huggingFace }) => huggingFace === head)) return model;
  const tensors = new PublishedTensors(source, weights.tensors(untied), weights.spellings);
  if (!tensors.has(head) || !tensors.has(embedding) || !isDeepStrictEqual(tensors.info(head).shape, tensors.info(embedding).shape)) return model;
  if (Buffer.compare(await tensors.read(head), await tensors.read(embedding)) === 0) return model;
  const remark = `config.json says that the head is the embedding, but ${head} holds other numbers than ${embedding}: imported with a head of its own (tie_word_embeddings false), as transformers 5 reads such a folder`;
  return { ...model, config: untied, configJson: untiedJson, remarks: (all) => [...model.remarks(all), remark] };
}
