import type { Tokenizer as JsonTokenizer } from '@huggingface/tokenizers';
import { BytePairMerger } from './byte-pair-merger.js';
import { isObject, type JsonObject } from './json.js';
import { wordBoundaries } from './word-boundaries.js';

// The package's declarations do not show what a tokenizer is made of; this is the part of it that is used.
interface Parts {
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: PreTokenizer | null;
  readonly model: { encode(tokens: string[]): string[]; readonly tokens_to_ids: ReadonlyMap<string, number>; readonly unk_token_id?: number };
  readonly added_tokens_map: ReadonlyMap<string, { readonly id: number }>;
  readonly added_tokens: readonly { readonly content: string; readonly lstrip: boolean; readonly rstrip: boolean; readonly normalized: boolean }[];
}

interface PreTokenizer {
  readonly config?: JsonObject;
  readonly pattern?: RegExp | null;
  readonly tokenizers?: readonly (PreTokenizer | null)[];
  pre_tokenize(text: string | readonly string[], options: object): string[];
}

/** Pieces whose ids are remembered; a language's common words are a tenth of that. */
const mostRemembered = 200_000;

/** Longer ones hardly come twice. */
const longestRemembered = 64;

/** Misses until the table of merges is made: whoever asks for a prompt or two does without. */
const missesBeforeTable = 2000;

/**
 * Encodes text piece by piece and remembers the ids of each piece. Pieces are what the leading Splits of the tokenizer cut a text into; what becomes
 * of one does not hang on its neighbours, so it is worked out once. The parts are the package's own, and so are the ids.
 */
export class PieceEncoder {
  private readonly known = new Map<string, readonly number[]>();
  private readonly added: RegExp | undefined;
  private merger: BytePairMerger | undefined;
  private misses = 0;

  private constructor(
    private readonly parts: Parts,
    private readonly splits: readonly PieceSplit[],
    private readonly rest: readonly PreTokenizer[],
    private readonly json: JsonObject,
  ) {
    // The longest first: where one added token begins like another, the longer one is meant.
    const contents = parts.added_tokens.map(({ content }) => content).sort((left, right) => right.length - left.length);
    this.added = contents.length > 0 ? new RegExp(`(${contents.map((content) => content.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`) : undefined;
  }

  /** Undefined where pieces hang on their neighbours: the tokenizer does not begin with a Split, and cuts nothing by itself at word boundaries that no
   * merge crosses, or added tokens swallow blanks around them. */
  static of(inner: JsonTokenizer, json: JsonObject, config: JsonObject): PieceEncoder | undefined {
    const parts: unknown = inner;
    if (!hasParts(parts)) return undefined;
    const stages = flatten(parts.pre_tokenizer);
    const leading = stages.findIndex((stage) => !isSplit(stage));
    const splits = leading < 0 ? stages : stages.slice(0, leading);
    const boundaries = stages.length === 0 ? wordBoundaries(json.model) : undefined;
    const simple = parts.added_tokens.every(({ content, lstrip, rstrip, normalized }) => content !== '' && !lstrip && !rstrip && !(normalized && parts.normalizer));
    if ((splits.length === 0 && !boundaries) || !simple || config.remove_space === true || config.do_lowercase_and_remove_accent === true) return undefined;
    const cuts = boundaries ? [boundaries] : splits.map(({ pattern }) => pattern!);
    return new PieceEncoder(parts, cuts.map((pattern) => new PieceSplit(pattern)), leading < 0 ? [] : stages.slice(leading), json);
  }

  /** Ids of a text; special tokens written in it are recognised, none are added. An id is undefined where the vocabulary cannot spell something. */
  encode(text: string): (number | undefined)[] {
    const ids: (number | undefined)[] = [];
    const sections = this.added ? text.split(this.added) : [text];
    for (const [index, section] of sections.entries()) {
      if (section === '') continue;
      // Between two sections of text stands an added token.
      if (index % 2 === 1) ids.push(this.parts.added_tokens_map.get(section)!.id);
      else this.encodeSection(section, ids);
    }
    return ids;
  }

  private encodeSection(section: string, ids: (number | undefined)[]): void {
    let pieces = [this.parts.normalizer ? this.parts.normalizer(section) : section];
    for (const split of this.splits) pieces = split.cut(pieces);
    for (const piece of pieces) {
      const found = this.known.get(piece) ?? this.learn(piece);
      for (let index = 0; index < found.length; index += 1) ids.push(found[index]);
    }
  }

  private learn(piece: string): readonly number[] {
    this.misses += 1;
    if (this.misses === missesBeforeTable && isObject(this.json.model)) this.merger = BytePairMerger.of(this.json.model, this.parts.model.tokens_to_ids);
    const { model, added_tokens_map: added } = this.parts;
    const words = this.rest.reduce((before: string[], stage) => stage.pre_tokenize(before, {}), [piece]);
    const ignoresMerges = isObject(this.json.model) && this.json.model.ignore_merges === true;
    const found = words.flatMap((word) => {
      const whole = ignoresMerges ? model.tokens_to_ids.get(word) : undefined;
      return (whole === undefined ? this.merger?.merge(word) : [whole]) ?? model.encode([word]).map((token) => added.get(token)?.id ?? model.tokens_to_ids.get(token) ?? model.unk_token_id);
    });
    if (piece.length > longestRemembered) return found as readonly number[];
    if (this.known.size >= mostRemembered) this.known.clear();
    // A copy of the characters: the piece itself keeps the whole text that it was cut from.
    this.known.set(Buffer.from(piece, 'utf16le').toString('utf16le'), found as readonly number[]);
    return found as readonly number[];
  }
}

/** A pattern of the tokenizer that cuts texts into its matches and what stands between them. */
class PieceSplit {
  private readonly captured: RegExp;
  /** A pattern that matches nothing but places. */
  private readonly cutsBetween: boolean;

  constructor(private readonly pattern: RegExp) {
    this.cutsBetween = pattern.source.startsWith('(?<=');
    this.captured = this.cutsBetween ? pattern : new RegExp(`(${pattern.source})`, pattern.flags);
  }

  cut(texts: readonly string[]): string[] {
    const pieces: string[] = [];
    for (const text of texts) {
      const matches = this.cutsBetween ? null : text.match(this.pattern);
      let length = 0;
      if (matches) for (const match of matches) length += match.length;
      // Most patterns leave nothing between their matches; all matches at once are the quickest to have.
      if (matches && length === text.length) for (const match of matches) pieces.push(match);
      else for (const piece of text.split(this.captured)) if (piece) pieces.push(piece);
    }
    return pieces;
  }
}

function hasParts(inner: unknown): inner is Parts {
  return typeof inner === 'function' || (typeof inner === 'object' && inner !== null) ? ['normalizer', 'pre_tokenizer', 'model', 'added_tokens', 'added_tokens_map'].every((part) => part in inner) : false;
}

function flatten(stage: PreTokenizer | null): PreTokenizer[] {
  if (!stage) return [];
  return stage.tokenizers ? stage.tokenizers.flatMap(flatten) : [stage];
}

/** A Split that keeps everything and whose pattern captures nothing of its own. */
function isSplit({ config, pattern, tokenizers }: PreTokenizer): boolean {
  if (tokenizers || !config || config.type !== 'Split' || !pattern || config.invert === true || String(config.behavior).toLowerCase() !== 'isolated') return false;
  if (''.match(pattern)) return false;
  return new RegExp(`${pattern.source}|`, pattern.flags.replace('g', '')).exec('')!.length === 1;
}
