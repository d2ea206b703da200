import { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { readJsonFile } from '@tunesmith/checkpoints';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DoubledBosError, TokenizerError } from './errors.js';
import { makePartsExact } from './exact-parts.js';
import { isObject, type JsonObject } from './json.js';
import { readEosIds, readSpecialTokens, specialAddedTokens, turnEnds, type SpecialTokens } from './special-tokens.js';
import { tokenSpelling, type TokenSpelling } from './token-bytes.js';
import { PieceEncoder } from './piece-encoder.js';
import { prepareTokenizerJson, tokenizesPartsAlike } from './tokenizer-json.js';

/** The parsed files that a tokenizer is made of. */
export interface TokenizerFiles {
  readonly tokenizer: unknown;
  readonly tokenizerConfig?: unknown;
  readonly specialTokensMap?: unknown;
  readonly generationConfig?: unknown;
  readonly modelConfig?: unknown;
}

/** Text to token ids and back, after a tokenizer.json. */
export class Tokenizer {
  readonly specialTokens: SpecialTokens;
  private readonly pieces: PieceEncoder | undefined;
  /** What the tokenizer adds before and behind a text; undefined where that cannot be told. */
  private readonly affixes: { readonly before: readonly number[]; readonly behind: readonly number[] } | undefined;
  readonly bosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  /** Every token that ends a generation: of generation_config.json, config.json and tokenizer_config.json, and the known ends of a chat turn. */
  readonly eosTokenIds: number[];
  /** One more than the highest token id. */
  readonly vocabularySize: number;
  /** Whether parts of a text may be tokenized by themselves: no prefix space, no stripping. */
  readonly tokenizesPartsAlike: boolean;
  private readonly spelling: TokenSpelling;

  private constructor(
    private readonly inner: JsonTokenizer,
    private readonly texts: readonly (string | undefined)[],
    private readonly specialIds: ReadonlySet<number>,
    private readonly addedIds: ReadonlySet<number>,
    json: JsonObject,
    configs: { tokenizer: JsonObject; map: JsonObject; generation: JsonObject | undefined; model: JsonObject | undefined },
    private readonly cleanUp: boolean,
  ) {
    this.specialTokens = readSpecialTokens(configs.tokenizer, configs.map);
    this.pieces = PieceEncoder.of(inner, json, configs.tokenizer);
    this.affixes = this.pieces && affixesOf(inner);
    this.vocabularySize = texts.length;
    this.tokenizesPartsAlike = tokenizesPartsAlike(json);
    this.spelling = tokenSpelling(json);
    const idOf = (text: string | undefined) => (text === undefined ? undefined : this.tokenId(text));
    this.bosTokenId = idOf(this.specialTokens.bos_token);
    this.padTokenId = idOf(this.specialTokens.pad_token);
    const special = specialAddedTokens(json);
    const named = [this.specialTokens.eos_token, ...turnEnds.filter((text) => special.has(text))].map(idOf);
    const ids = [...readEosIds(configs.generation, configs.model), ...named].filter((id) => id !== undefined);
    this.eosTokenIds = [...new Set(ids)].filter((id) => id < this.vocabularySize);
  }

  /** Reads tokenizer.json and the configurations beside it. Throws TokenizerError, FileReadError. */
  static async fromFolder(folder: string): Promise<Tokenizer> {
    const path = join(folder, 'tokenizer.json');
    if (!(await exists(path))) {
      throw new TokenizerError({
        code: 'tokenizer-missing',
        message: `${folder} has no tokenizer.json. Where it has tokenizer.model or vocab.json only, load it with transformers' AutoTokenizer once and save it with save_pretrained.`,
        facts: { folder },
      });
    }
    const optional = async (name: string) => ((await exists(join(folder, name))) ? readJsonFile(join(folder, name)) : undefined);
    const files = {
      tokenizer: await readJsonFile(path),
      tokenizerConfig: await optional('tokenizer_config.json'),
      specialTokensMap: await optional('special_tokens_map.json'),
      generationConfig: await optional('generation_config.json'),
      modelConfig: await optional('config.json'),
    };
    return Tokenizer.fromFiles(files, path);
  }

  /** As `fromFolder`, from files that are already parsed; `source` names them in errors. */
  static fromFiles(files: TokenizerFiles, source = 'tokenizer.json'): Tokenizer {
    const json = prepareTokenizerJson(files.tokenizer, source);
    const config = isObject(files.tokenizerConfig) ? files.tokenizerConfig : {};
    let inner: JsonTokenizer;
    try {
      inner = new JsonTokenizer(json, { ...config, clean_up_tokenization_spaces: false });
    } catch (cause) {
      throw new TokenizerError({
        code: 'tokenizer-bad-json',
        message: `${source} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
        facts: { source },
        cause,
      });
    }
    makePartsExact(inner, json, source);
    const texts: (string | undefined)[] = [];
    for (const [text, id] of inner.get_vocab(true)) texts[id] = text;
    const added = [...inner.get_added_tokens_decoder()];
    for (const [id, token] of added) texts[id] = token.content;
    const special = new Set(added.filter(([, token]) => token.special).map(([id]) => id));
    const plain = (value: unknown) => (isObject(value) ? value : undefined);
    const configs = { tokenizer: config, map: plain(files.specialTokensMap) ?? {}, generation: plain(files.generationConfig), model: plain(files.modelConfig) };
    return new Tokenizer(inner, texts, special, new Set(added.map(([id]) => id)), json, configs, config.clean_up_tokenization_spaces === true);
  }

  /**
   * Token ids of a text. Special tokens written in the text are recognised; `addSpecialTokens` (default true) lets the tokenizer add its own
   * besides, which is wrong for rendered chat templates. Throws DoubledBosError where both write the first one.
   */
  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    if (text === '' && !addSpecialTokens) return [];
    const ids = this.encodeAny(text, addSpecialTokens);
    for (const id of ids) {
      if (id === undefined) {
        throw new TokenizerError({ code: 'tokenizer-unknown-text', message: `The vocabulary cannot spell ${JSON.stringify(text.slice(0, 80))} and has no token for the unknown.`, facts: {} });
      }
    }
    this.checkBos(ids as number[]);
    return ids as number[];
  }

  private encodeAny(text: string, addSpecialTokens: boolean): (number | undefined)[] {
    if (this.pieces && !addSpecialTokens) return this.pieces.encode(text);
    if (this.pieces && this.affixes) return [...this.affixes.before, ...this.pieces.encode(text), ...this.affixes.behind];
    return this.inner.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  /**
   * The text of token ids. `skipSpecialTokens` (default false) is for what a model said: it leaves out the tokens that are marked special, and ids without a
   * token, which a model may say whose vocabulary is padded (T5, Qwen2). Without it these throw TokenizerError.
   */
  decode(ids: readonly number[], { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    if (!skipSpecialTokens) for (const id of ids) if (this.texts[id] === undefined) throw this.unknownId(id);
    const kept = skipSpecialTokens ? ids.filter((id) => this.hasToken(id) && !this.specialIds.has(id)) : [...ids];
    return kept.length === 0 ? '' : this.inner.decode(kept, { clean_up_tokenization_spaces: this.cleanUp });
  }

  /** The text of one token as the vocabulary spells it, such as `Ġthe` or `<|im_end|>`. */
  tokenText(id: number): string {
    return this.texts[id] ?? this.failUnknownId(id);
  }

  /** The bytes that one token stands for: its text with spaces for the marks of word starts, in UTF-8; of a token that is part of a character, that part. */
  tokenBytes(id: number): Uint8Array {
    return this.spelling(this.tokenText(id), this.addedIds.has(id));
  }

  /** The id of a token as the vocabulary spells it. */
  tokenId(text: string): number | undefined {
    return this.inner.token_to_id(text);
  }

  /** Whether the vocabulary has a token of this id; there may be gaps. */
  hasToken(id: number): boolean {
    return this.texts[id] !== undefined;
  }

  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  /**
   * The first token that an embedding of so many rows has none for, special ones aside: those are in a text only where somebody writes them, and published
   * models have some without a row (Gemma 3's <image_soft_token>, in its models of text alone).
   */
  plainTokenBeyond(rows: number): number | undefined {
    for (let id = rows; id < this.vocabularySize; id += 1) if (this.hasToken(id) && !this.isSpecial(id)) return id;
    return undefined;
  }

  /** Throws DoubledBosError where ids begin with two beginning-of-sequence tokens. */
  checkBos(ids: readonly number[]): void {
    if (this.bosTokenId === undefined || ids[0] !== this.bosTokenId || ids[1] !== this.bosTokenId) return;
    throw new DoubledBosError({
      code: 'doubled-bos',
      message: `The text begins with ${this.tokenText(this.bosTokenId)} twice. Its template writes the token already: encode it without special tokens.`,
      facts: { bosTokenId: this.bosTokenId },
    });
  }

  private unknownId(id: number): TokenizerError {
    return new TokenizerError({
      code: 'tokenizer-unknown-id',
      message: `There is no token ${id}; the vocabulary has the ids 0 to ${this.vocabularySize - 1}. The ids may come from another model.`,
      facts: { id, vocabularySize: this.vocabularySize },
    });
  }

  private failUnknownId(id: number): never {
    throw this.unknownId(id);
  }
}

/** What the tokenizer's post-processor puts around every text, by what it puts around one letter. */
function affixesOf(inner: JsonTokenizer): { readonly before: readonly number[]; readonly behind: readonly number[] } | undefined {
  const plain: number[] = inner.encode('a', { add_special_tokens: false }).ids;
  const whole: number[] = inner.encode('a', { add_special_tokens: true }).ids;
  const start = whole.findIndex((_, index) => plain.every((id, place) => whole[index + place] === id));
  return plain.length === 0 || plain.includes(undefined as never) || start < 0 ? undefined : { before: whole.slice(0, start), behind: whole.slice(start + plain.length) };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
