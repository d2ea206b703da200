import { openGguf, readJsonFile, type GgufSource } from '@tunesmith/checkpoints';
import { ChatTemplate, SourceTargetFormat, Tokenizer, tokenizerFilesFromGguf, type ConversationFormat } from '@tunesmith/tokenizers';
import { join } from 'node:path';
import { families, familyFor } from './families.js';
import { ggufModelConfig } from './gguf-model-config.js';

/**
 * How the model in a folder reads conversations: an encoder-decoder as source and target, another by its chat template; undefined where it has
 * none, as base models do. Throws ModelConfigError, FileReadError, ChatTemplateError.
 */
export async function conversationFormat(folder: string): Promise<ConversationFormat | undefined> {
  // How linears are packed says nothing about conversations.
  const { quantization_config: _, ...configJson } = (await readJsonFile(join(folder, 'config.json'))) as Record<string, unknown>;
  const family = familyFor(configJson);
  const startTokenId = family.decoderStartTokenId?.(family.parseConfig(configJson));
  return startTokenId === undefined ? ChatTemplate.fromFolder(folder) : new SourceTargetFormat(startTokenId);
}

/**
 * The same of a GGUF file, with its tokenizer and the most tokens that the model was made to read, where the file says so. Nobody has to know the family of a model with a chat
 * template. Throws GgufError, ModelConfigError, ChatTemplateError.
 */
export async function ggufConversation(path: string): Promise<{ readonly tokenizer: Tokenizer; readonly format: ConversationFormat | undefined; readonly contextLength: number | undefined }> {
  await using source = await openGguf(path);
  const { metadata } = source;
  const files = tokenizerFilesFromGguf(metadata);
  const tokenizer = Tokenizer.fromFiles({ tokenizer: files['tokenizer.json'], tokenizerConfig: files['tokenizer_config.json'], generationConfig: files['generation_config.json'] }, path);
  const startTokenId = await ggufStartToken(source);
  const template = files.chatTemplate === undefined ? undefined : new ChatTemplate(files.chatTemplate, { specialTokens: tokenizer.specialTokens });
  const contextLength = metadata.optionalNumber(`${metadata.optionalString('general.architecture')}.context_length`);
  return { tokenizer, format: startTokenId === undefined ? template : new SourceTargetFormat(startTokenId), contextLength };
}

/** Whether a GGUF file is of an encoder-decoder that is known here. */
export function ggufReadsSource({ metadata }: GgufSource): boolean {
  const architecture = metadata.get('general.architecture');
  return families.some(({ decoderStartTokenId, weights: { gguf } }) => decoderStartTokenId !== undefined && gguf.architecture === architecture);
}

/** Of an encoder-decoder: what the decoder's rows begin with. */
async function ggufStartToken(source: GgufSource): Promise<number | undefined> {
  if (!ggufReadsSource(source)) return undefined;
  const { family, config } = await ggufModelConfig(source);
  return family.decoderStartTokenId?.(family.parseConfig(config));
}
