import { GgufError, type GgufMetadata } from '@tunesmith/checkpoints';
import { parseTemplate } from './bounded-jinja.js';
import { rebuildByteLevel, type RebuiltModel } from './gguf-byte-level.js';
import { findPreTokenizer } from './gguf-pre-tokenizers.js';
import { rebuildSentencePiece } from './gguf-sentencepiece.js';
import { rebuildUnigram } from './gguf-unigram.js';
import { readGgufVocabulary, tokenNamedBy, tokenType, type GgufVocabulary } from './gguf-vocabulary.js';
import type { JsonObject } from './json.js';
import { turnEnds } from './special-tokens.js';

/** Tokenizer files as a Hugging Face folder has them. */
export interface RebuiltTokenizer {
  readonly 'tokenizer.json': JsonObject;
  readonly 'tokenizer_config.json': JsonObject;
  readonly 'generation_config.json': JsonObject;
  readonly chatTemplate?: string;
  /** Number of tokens; the model's embedding may have more rows. */
  readonly vocabularySize: number;
  readonly bosTokenId?: number;
  /** The end of text, then the ends of a chat turn. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId?: number;
}

/**
 * Rebuilds the tokenizer files from the metadata of a GGUF file. Byte-level BPE (`gpt2`), SentencePiece BPE (`llama`) and Unigram (`t5`);
 * the rules are transformers' (integrations/gguf) where those agree with llama.cpp, else llama.cpp's. Throws GgufError for damaged or
 * unsupported vocabularies, ChatTemplateError for a template that cannot be parsed.
 */
export function tokenizerFilesFromGguf(metadata: GgufMetadata): RebuiltTokenizer {
  const vocabulary = readGgufVocabulary(metadata);
  const kind = metadata.string('tokenizer.ggml.model');
  const { rebuilt, addBosByDefault, addEosByDefault } = rebuild(kind, vocabulary, metadata);
  const { tokens } = rebuilt;
  const named = {
    bos_token: tokenNamedBy(metadata, 'tokenizer.ggml.bos_token_id', tokens),
    eos_token: tokenNamedBy(metadata, 'tokenizer.ggml.eos_token_id', tokens),
    unk_token: tokenNamedBy(metadata, 'tokenizer.ggml.unknown_token_id', tokens),
    pad_token: tokenNamedBy(metadata, 'tokenizer.ggml.padding_token_id', tokens),
  };
  const addBos = named.bos_token !== undefined && (metadata.optionalBoolean('tokenizer.ggml.add_bos_token') ?? addBosByDefault);
  const addEos = named.eos_token !== undefined && (metadata.optionalBoolean('tokenizer.ggml.add_eos_token') ?? addEosByDefault);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const idOf = (token: string | undefined) => (token === undefined ? undefined : ids.get(token));
  const ends = turnEnds.filter((token) => vocabulary.types[ids.get(token) ?? -1] === tokenType.control);
  const eosTokenIds = [...new Set([named.eos_token, tokenNamedBy(metadata, 'tokenizer.ggml.eot_token_id', tokens), ...ends].map(idOf))].filter((id) => id !== undefined);
  const [bosTokenId, padTokenId] = [idOf(named.bos_token), idOf(named.pad_token)];
  const chatTemplate = metadata.optionalString('tokenizer.chat_template');
  if (chatTemplate !== undefined) parseTemplate(chatTemplate);
  const contextLength = metadata.optionalNumber(`${metadata.optionalString('general.architecture')}.context_length`);
  return {
    'tokenizer.json': {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(vocabulary, rebuilt, named.unk_token),
      normalizer: rebuilt.normalizer,
      pre_tokenizer: rebuilt.preTokenizer,
      post_processor: postProcessor(addBos ? named.bos_token : undefined, addEos ? named.eos_token : undefined, ids),
      decoder: rebuilt.decoder,
      model: rebuilt.model,
    },
    'tokenizer_config.json': {
      add_bos_token: addBos,
      add_eos_token: addEos,
      ...Object.fromEntries(Object.entries(named).filter(([, token]) => token !== undefined)),
      ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
      clean_up_tokenization_spaces: false,
      ...(contextLength === undefined ? {} : { model_max_length: contextLength }),
      // The one class that takes tokenizer.json as it is.
      tokenizer_class: 'PreTrainedTokenizerFast',
    },
    'generation_config.json': {
      ...(bosTokenId === undefined ? {} : { bos_token_id: bosTokenId }),
      ...(eosTokenIds.length === 0 ? {} : { eos_token_id: eosTokenIds.length === 1 ? eosTokenIds[0] : eosTokenIds }),
      ...(padTokenId === undefined ? {} : { pad_token_id: padTokenId }),
    },
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    vocabularySize: tokens.length,
    ...(bosTokenId === undefined ? {} : { bosTokenId }),
    eosTokenIds,
    ...(padTokenId === undefined ? {} : { padTokenId }),
  };
}

function rebuild(kind: string, vocabulary: GgufVocabulary, metadata: GgufMetadata): { rebuilt: RebuiltModel; addBosByDefault: boolean; addEosByDefault: boolean } {
  if (kind === 'gpt2') {
    const pre = findPreTokenizer(metadata.optionalString('tokenizer.ggml.pre') ?? 'default');
    return { rebuilt: rebuildByteLevel(vocabulary, pre), addBosByDefault: pre.addBos ?? false, addEosByDefault: false };
  }
  if (kind === 'llama') {
    const options = {
      gemma: /^gemma/.test(metadata.string('general.architecture')),
      addSpacePrefix: metadata.optionalBoolean('tokenizer.ggml.add_space_prefix') ?? true,
      unknownToken: tokenNamedBy(metadata, 'tokenizer.ggml.unknown_token_id', vocabulary.tokens),
    };
    return { rebuilt: rebuildSentencePiece(vocabulary, options), addBosByDefault: true, addEosByDefault: false };
  }
  if (kind === 't5') return { rebuilt: rebuildUnigram(vocabulary, metadata), addBosByDefault: false, addEosByDefault: true };
  throw new GgufError({
    code: 'gguf-unsupported-tokenizer',
    message: `The tokenizer model ${JSON.stringify(kind)} is not supported; gpt2, llama and t5 are. Import the model's Hugging Face folder instead.`,
    facts: { kind },
  });
}

/**
 * Control tokens are special; user-defined ones are matched whole as well. Both as the text spells them, without normalization; what was
 * respelled is reached by merges instead, but for T5's blanks, which nothing else reads.
 */
function addedTokens(vocabulary: GgufVocabulary, { tokens, unmarked }: RebuiltModel, unknown: string | undefined): JsonObject[] {
  return tokens.flatMap((content, id) => {
    const added = unmarked?.has(id) === true;
    const special = added || vocabulary.types[id] === tokenType.control || content === unknown;
    if ((!added && content !== vocabulary.tokens[id]) || (!special && vocabulary.types[id] !== tokenType.userDefined)) return [];
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

function postProcessor(bos: string | undefined, eos: string | undefined, ids: ReadonlyMap<string, number>): JsonObject | null {
  if (bos === undefined && eos === undefined) return null;
  const token = (text: string | undefined, type_id: number) => (text === undefined ? [] : [{ SpecialToken: { id: text, type_id } }]);
  const sequence = (id: string, type_id: number) => [...token(bos, type_id), { Sequence: { id, type_id } }, ...token(eos, type_id)];
  const used = [...new Set([bos, eos])].filter((text) => text !== undefined);
  return {
    type: 'TemplateProcessing',
    single: sequence('A', 0),
    pair: [...sequence('A', 0), ...sequence('B', 1)],
    special_tokens: Object.fromEntries(used.map((text) => [text, { id: text, ids: [ids.get(text)], tokens: [text] }])),
  };
}
