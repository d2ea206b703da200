import { readJsonFile } from '@tunesmith/checkpoints';
import { ChatTemplate, SourceTargetFormat, type ConversationFormat } from '@tunesmith/tokenizers';
import { join } from 'node:path';
import { familyFor } from './families.js';

/**
 * How the model in a folder reads conversations: an encoder-decoder as source and target, another by its chat template; undefined where it has
 * none, as base models do. Throws ModelConfigError, FileReadError, ChatTemplateError.
 */
export async function conversationFormat(folder: string): Promise<ConversationFormat | undefined> {
  const configJson = await readJsonFile(join(folder, 'config.json'));
  const family = familyFor(configJson);
  const startTokenId = family.decoderStartTokenId?.(family.parseConfig(configJson));
  return startTokenId === undefined ? ChatTemplate.fromFolder(folder) : new SourceTargetFormat(startTokenId);
}
