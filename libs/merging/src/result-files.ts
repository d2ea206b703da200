import { readSideFiles } from '@tunesmith/checkpoints';
import { chooseChatTemplate } from './chat-template-choice.js';
import type { InputModel } from './input-model.js';
import type { MergedVocabulary } from './vocabulary/merge-vocabularies.js';

/** Files that spell a vocabulary in another library's old form: beside a tokenizer.json that has grown they would say something else. */
const vocabularyFiles = ['added_tokens.json', 'vocab.json', 'merges.txt', 'tokenizer.model', 'spiece.model'];
/** Ids that belong to a tokenizer, wherever a configuration has them. */
const tokenIdKeys = ['bos_token_id', 'eos_token_id', 'pad_token_id'];

export interface ResultFiles {
  /** By plain name: text and bytes as they are, objects as JSON. */
  readonly files: Readonly<Record<string, Uint8Array | string | Readonly<Record<string, unknown>>>>;
  readonly generationConfig: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The tokenizer and what belongs to it: that of `template` (the base, else the first input) or of the input that the vocabulary begins as, with new tokens added and
 * the chat template that was asked for. Token ids in `config`, which is changed, become those of the tokenizer's model.
 */
export async function resultFiles(config: Record<string, unknown>, template: InputModel, inputs: readonly InputModel[], vocabulary: MergedVocabulary | undefined, chatTemplate: string | undefined): Promise<ResultFiles> {
  const source = vocabulary ? inputs[vocabulary.source]! : template;
  const { folder } = source;
  const files: Record<string, Uint8Array | string | Readonly<Record<string, unknown>>> = await readSideFiles(folder.path, folder.sideFiles.filter((name) => !vocabulary?.json || !vocabularyFiles.includes(name)));
  if (source !== template) for (const key of tokenIdKeys) if (key in folder.config) config[key] = folder.config[key];
  const tokenizerConfig = JSON.parse(Buffer.from((files['tokenizer_config.json'] as Uint8Array | undefined) ?? Buffer.from('{}')).toString('utf8')) as Record<string, unknown>;
  let rewritten = false;
  if (vocabulary?.json) {
    files['tokenizer.json'] = vocabulary.json;
    const decoder = tokenizerConfig['added_tokens_decoder'];
    if (typeof decoder === 'object' && decoder !== null) {
      tokenizerConfig['added_tokens_decoder'] = { ...decoder, ...Object.fromEntries(vocabulary.added.map(({ id, ...token }) => [String(id), token])) };
      rewritten = true;
    }
  }
  if (chatTemplate !== undefined) {
    const chosen = await chooseChatTemplate(chatTemplate, inputs);
    files['chat_template.jinja'] = chosen;
    delete files['chat_template.json'];
    if ('chat_template' in tokenizerConfig) {
      tokenizerConfig['chat_template'] = chosen;
      rewritten = true;
    }
  }
  if (rewritten) files['tokenizer_config.json'] = tokenizerConfig;
  return { files, generationConfig: folder.generationConfig ?? template.folder.generationConfig };
}
