import type { GgufValue } from '@tunesmith/checkpoints';
import { isDeepStrictEqual } from 'node:util';
import { preTokenizerName } from './pre-tokenizer.js';
import { notConvertible, parseTokenizerJson, SpecialToken, stagesOf, type BpeModel, type TokenizerJson } from './tokenizer-json.js';
import { unigramMetadata } from './unigram-metadata.js';

/** Token types of llama.cpp. */
const kind = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

export interface TokenizerFiles {
  readonly tokenizer: unknown;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly chatTemplate: string | undefined;
  /** config.json, which names tokens by id where tokenizer_config.json, as GPT-2's, does not name them. */
  readonly configJson?: Readonly<Record<string, unknown>>;
}

/**
 * `tokenizer.*` of a GGUF file: everything that llama.cpp needs to read text as the model's own tokenizer does.
 * `rows` is how many rows the embedding has; tokens that the vocabulary lacks are filled in as unused.
 * Throws QuantizationError `tokenizer-not-convertible`.
 */
export function tokenizerMetadata(files: TokenizerFiles, rows: number): Map<string, GgufValue> {
  const tokenizer = parseTokenizerJson(files.tokenizer);
  const { tokens, types, idOf } = vocabulary(tokenizer, rows);
  const metadata = new Map<string, GgufValue>();
  const set = (key: string, value: GgufValue) => metadata.set(`tokenizer.ggml.${key}`, value);

  const { model } = tokenizer;
  if (model.type === 'Unigram') {
    set('tokens', { type: 'array', elementType: 'string', value: tokens });
    set('token_type', { type: 'array', elementType: 'int32', value: types.map((type, id) => (id === model.unk_id ? kind.unknown : type)) });
    for (const [key, value] of unigramMetadata(tokenizer, model, rows)) set(key, value);
  } else if (model.byte_fallback === true) {
    // llama.cpp looks for user-defined tokens in the text as it came, and writes them as they are: Gemma's runs of spaces would be read nowhere and written as ▁▁.
    set('model', { type: 'string', value: 'llama' });
    set('pre', { type: 'string', value: 'default' });
    set('tokens', { type: 'array', elementType: 'string', value: tokens.map((token, id) => (types[id] === kind.userDefined ? token.replaceAll('▁', ' ') : token)) });
    set('scores', { type: 'array', elementType: 'float32', value: scores(model, tokens) });
    set('token_type', { type: 'array', elementType: 'int32', value: sentencePieceTypes(model, tokens, types) });
    set('add_space_prefix', { type: 'bool', value: prependsSpace(tokenizer) });
  } else {
    set('model', { type: 'string', value: 'gpt2' });
    set('pre', { type: 'string', value: preTokenizerName(tokenizer) });
    set('tokens', { type: 'array', elementType: 'string', value: tokens });
    set('token_type', { type: 'array', elementType: 'int32', value: types });
    set('merges', { type: 'array', elementType: 'string', value: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))) });
    set('add_space_prefix', { type: 'bool', value: false });
  }

  const named = { bos: 'bos', eos: 'eos', unknown: 'unk', padding: 'pad' } as const;
  const ids: Partial<Record<keyof typeof named, number>> = {};
  for (const [key, field] of Object.entries(named) as [keyof typeof named, string][]) {
    const id = namedToken(files, field, idOf) ?? namedId(files, field, types);
    if (id === undefined) continue;
    ids[key] = id;
    set(`${key}_token_id`, { type: 'uint32', value: id });
  }
  const textOf = (id: number | undefined) => (id === undefined ? undefined : tokens[id]);
  set('add_bos_token', { type: 'bool', value: addsAtStart(tokenizer, files.tokenizerConfig, textOf(ids.bos)) });
  set('add_eos_token', { type: 'bool', value: addsAtEnd(tokenizer, files.tokenizerConfig, textOf(ids.eos)) });
  if (files.chatTemplate !== undefined) metadata.set('tokenizer.chat_template', { type: 'string', value: files.chatTemplate });
  return metadata;
}

/** The token that tokenizer_config.json names. */
function namedToken({ tokenizerConfig }: TokenizerFiles, field: string, idOf: ReadonlyMap<string, number>): number | undefined {
  const token = tokenizerConfig[`${field}_token`];
  if (token === undefined || token === null) return undefined;
  const text = SpecialToken.parse(token);
  const id = idOf.get(text);
  if (id === undefined) throw notConvertible(`tokenizer_config.json names ${text} as ${field}_token, which is not in the vocabulary`, { token: text });
  return id;
}

/**
 * The token that config.json names; of several the first. Without one llama.cpp takes token 11 of a byte-level vocabulary, the comma of GPT-2, for the
 * beginning and the end of a text.
 */
function namedId({ configJson = {} }: TokenizerFiles, field: string, types: Int32Array): number | undefined {
  const ids: unknown = configJson[`${field}_token_id`];
  const id: unknown = Array.isArray(ids) ? ids[0] : ids;
  // Some name a padding token of -1, or one beyond the vocabulary, for none.
  const type = typeof id === 'number' ? types[id] : undefined;
  return typeof id === 'number' && type !== undefined && type !== kind.unused ? id : undefined;
}

function vocabulary(tokenizer: TokenizerJson, rows: number): { tokens: string[]; types: Int32Array; idOf: Map<string, number> } {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(rows).fill(kind.unused);
  const idOf = new Map<string, number>();
  const place = (text: string, id: number, type: number) => {
    if (id >= rows) throw notConvertible(`token ${JSON.stringify(text)} has id ${id}, but the embedding has ${rows} rows`, { token: text, id, rows });
    tokens[id] = text;
    types[id] = type;
    idOf.set(text, id);
  };
  const { model } = tokenizer;
  const entries = model.type === 'BPE' ? Object.entries(model.vocab) : model.vocab.map(([text], id) => [text, id] as const);
  for (const [text, id] of entries) place(text, id, kind.normal);
  for (const { id, content, special } of tokenizer.added_tokens) place(content, id, special ? kind.control : kind.userDefined);
  return { tokens, types, idOf };
}

/**
 * SentencePiece merges by score where tokenizer.json merges by rank: the pair whose token comes first in the merges has the highest score. What no
 * merge makes is last.
 */
function scores(model: BpeModel, tokens: readonly string[]): Float32Array {
  const rank = new Map<string, number>();
  for (const merge of model.merges) {
    const token = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!rank.has(token)) rank.set(token, rank.size);
  }
  return Float32Array.from(tokens, (token) => -(rank.get(token) ?? rank.size));
}

function sentencePieceTypes(model: BpeModel, tokens: readonly string[], types: Int32Array): Int32Array {
  return types.map((type, id) => {
    if (/^<0x[0-9A-F]{2}>$/.test(tokens[id]!)) return kind.byte;
    return tokens[id] === model.unk_token ? kind.unknown : type;
  });
}

/** What llama.cpp does with text of such a vocabulary: a space is written as one character, and may stand before everything. */
const sentencePieceStages = ['Prepend', 'Replace', 'Metaspace'];

/** Whether text is read as if a space stood before it. */
function prependsSpace(tokenizer: TokenizerJson): boolean {
  // Gemma's files cut at spaces, of which the normalizer has left none.
  const cutting = stagesOf(tokenizer.pre_tokenizer).filter((stage) => !(stage.type === 'Split' && isDeepStrictEqual(stage['pattern'], { String: ' ' })));
  const stages = [...stagesOf(tokenizer.normalizer), ...cutting];
  const foreign = stages.find(({ type }) => !sentencePieceStages.includes(type));
  if (foreign !== undefined) throw notConvertible(`llama.cpp has nothing for its stage ${JSON.stringify(foreign)}`, { stage: foreign });
  return stages.some((stage) => stage.type === 'Prepend' || (stage.type === 'Metaspace' && (stage['prepend_scheme'] ?? 'always') !== 'never' && stage['add_prefix_space'] !== false));
}

function addsAtStart(tokenizer: TokenizerJson, config: TokenizerFiles['tokenizerConfig'], bos: string | undefined): boolean {
  if (typeof config['add_bos_token'] === 'boolean') return config['add_bos_token'];
  const first = textTemplate(tokenizer)[0];
  return bos !== undefined && isSpecialToken(first) && first.SpecialToken.id === bos;
}

function addsAtEnd(tokenizer: TokenizerJson, config: TokenizerFiles['tokenizerConfig'], eos: string | undefined): boolean {
  if (typeof config['add_eos_token'] === 'boolean') return config['add_eos_token'];
  const last = textTemplate(tokenizer).at(-1);
  return eos !== undefined && isSpecialToken(last) && last.SpecialToken.id === eos;
}

/** What is put around a text by itself. */
function textTemplate(tokenizer: TokenizerJson): readonly unknown[] {
  const single = stagesOf(tokenizer.post_processor).find(({ type }) => type === 'TemplateProcessing')?.['single'];
  return Array.isArray(single) ? single : [];
}

function isSpecialToken(part: unknown): part is { SpecialToken: { id: string } } {
  return typeof part === 'object' && part !== null && 'SpecialToken' in part;
}
