import { readSideFiles } from '@tunesmith/checkpoints';
import type { InputModel } from './input-model.js';
import { tokenizerWith, type AddedToken } from './vocabulary/read-vocabulary.js';

/** Files that spell a vocabulary in another library's old form: beside a tokenizer.json that has grown they would say something else. */
const vocabularyFiles = ['added_tokens.json', 'vocab.json', 'merges.txt', 'tokenizer.model', 'spiece.model'];
/** Ids that belong to a tokenizer, wherever a configuration has them. */
const tokenIdKeys = ['bos_token_id', 'eos_token_id', 'pad_token_id'];

export interface ResultFiles {
  /** By plain name: text and bytes as they are, objects as JSON. */
  readonly files: Readonly<Record<string, Uint8Array | string | Readonly<Record<string, unknown>>>>;
  readonly generationConfig: Readonly<Record<string, unknown>> | undefined;
  /** What config.json says of tokens, where the tokenizer is not that of the model that config.json begins as: undefined where that tokenizer's model says nothing, whose ids are others. */
  readonly tokenIds: Readonly<Record<string, unknown>>;
}

/**
 * The tokenizer and what belongs to it: that of `source` (the input that the vocabulary begins as), else of `template` (the base, else the first input), with tokens
 * `added` and the chat template that was chosen.
 */
export async function resultFiles(template: InputModel, source: InputModel | undefined, added: readonly AddedToken[], chatTemplate: string | undefined): Promise<ResultFiles> {
  const { folder } = source ?? template;
  const files: Record<string, Uint8Array | string | Readonly<Record<string, unknown>>> = await readSideFiles(folder.path, folder.sideFiles.filter((name) => added.length === 0 || !vocabularyFiles.includes(name)));
  const tokenizerConfig = JSON.parse(Buffer.from((files['tokenizer_config.json'] as Uint8Array | undefined) ?? Buffer.from('{}')).toString('utf8')) as Record<string, unknown>;
  let rewritten = false;
  if (added.length > 0) {
    files['tokenizer.json'] = await tokenizerWith(added, folder.path);
    const decoder = tokenizerConfig['added_tokens_decoder'];
    if (typeof decoder === 'object' && decoder !== null) {
      tokenizerConfig['added_tokens_decoder'] = { ...decoder, ...Object.fromEntries(added.map(({ id, ...token }) => [String(id), token])) };
      rewritten = true;
    }
  }
  if (chatTemplate !== undefined) {
    files['chat_template.jinja'] = chatTemplate;
    delete files['chat_template.json'];
    if ('chat_template' in tokenizerConfig) {
      tokenizerConfig['chat_template'] = chatTemplate;
      rewritten = true;
    }
  }
  if (rewritten) files['tokenizer_config.json'] = tokenizerConfig;
  const tokenIds = source && source !== template ? Object.fromEntries(tokenIdKeys.map((key) => [key, source.folder.config[key]])) : {};
  return { files, generationConfig: folder.generationConfig ?? (source ? undefined : template.folder.generationConfig), tokenIds };
}
