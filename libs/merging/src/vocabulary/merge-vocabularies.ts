import type { InputModel } from '../input-model.js';
import type { TokenRule, VocabularySettings } from '../merge-configuration.js';
import { MergeError } from '../merge-error.js';
import { VocabularyReader, type AddedToken, type Vocabulary } from './read-vocabulary.js';

/** The vocabulary of a result, and where each input has its tokens. */
export interface MergedVocabulary {
  /** The input whose tokenizer the result's begins as. */
  readonly source: number;
  /** How many ids tokens have; embeddings may have more rows. */
  readonly tokens: number;
  /** Rows of embeddings and heads. */
  readonly rows: number;
  /** Of each input: the row of its embedding for each id of the result, -1 where it has no such token. */
  readonly places: readonly Int32Array[];
  /** What the request says of single tokens, by their id in the result, with tokens of inputs as rows of their embeddings. */
  readonly rules: ReadonlyMap<number, TokenPlace>;
  /** What the source's tokenizer lacks. */
  readonly added: readonly AddedToken[];
}

export interface TokenPlace {
  readonly force: boolean;
  readonly source: { readonly kind: 'input'; readonly input: number } | { readonly kind: 'row'; readonly input: number; readonly row: number } | { readonly kind: 'zero' };
}

/**
 * The vocabulary that the settings ask for: that of one input, or all tokens of all (those of the base keep their ids, others follow as added tokens in the
 * order of inputs and ids). As mergekit 0.1.5 builds it (tokenizer/build.py), whose new tokens come in no fixed order. Unlike there, a token that a rule adds to
 * the base's vocabulary is new to the base too: mergekit takes a padding row of the base for it where there is one, and fails where there is none.
 *
 * @throws MergeError `merge-vocabulary-too-large` where an input has tokens, special ones aside, that its embedding has no row for
 */
export async function mergeVocabularies(settings: VocabularySettings, inputs: readonly InputModel[], base: number | undefined): Promise<MergedVocabulary> {
  const reader = new VocabularyReader();
  const vocabularies: Vocabulary[] = [];
  for (const input of inputs) vocabularies.push(withRows(await reader.read(input.folder.path, input.name), input));

  const source = typeof settings.source === 'number' ? settings.source : (base ?? 0);
  const begun = vocabularies[source]!;
  const ids = new Map(begun.ids);
  // What the file lists without a row keeps its id, should the result have one for it.
  const listed = new Map(begun.added.map(({ content, id }) => [content, id]));
  let next = Math.max(largestId(ids.values()), largestId(listed.values())) + 1;
  const added: AddedToken[] = [];
  const add = (content: string, like?: AddedToken): void => {
    if (ids.has(content)) return;
    const known = listed.get(content);
    ids.set(content, known ?? next);
    if (known !== undefined) return;
    added.push({ ...(like ?? { single_word: false, lstrip: false, rstrip: false, normalized: true, special: false }), id: next, content });
    next += 1;
  };
  if (settings.source === 'union') {
    const flags = new Map(vocabularies.flatMap((vocabulary) => vocabulary.added.map((token) => [token.content, token] as const)).reverse());
    for (const vocabulary of new Set(vocabularies)) {
      if (vocabulary === begun) continue;
      for (const [content] of [...vocabulary.ids].toSorted(([, one], [, other]) => one - other)) add(content, flags.get(content));
    }
  }
  for (const token of Object.keys(settings.tokens)) add(token);

  const tokens = largestId(ids.values()) + 1;
  const multiple = settings.padToMultipleOf ?? 1;
  const places = vocabularies.map((vocabulary) => {
    const place = new Int32Array(tokens).fill(-1);
    for (const [content, id] of ids) place[id] = vocabulary.ids.get(content) ?? -1;
    return place;
  });
  const rules = new Map(Object.entries(settings.tokens).flatMap(([token, rule]) => {
    const place = placeOf(token, rule, vocabularies, inputs);
    return place ? [[ids.get(token)!, place] as const] : [];
  }));
  return {
    source, tokens, rows: Math.ceil(tokens / multiple) * multiple, places, rules, added,
  };
}

function largestId(ids: Iterable<number>): number {
  let largest = -1;
  for (const id of ids) largest = Math.max(largest, id);
  return largest;
}

/** The vocabulary as far as the embedding has rows: special tokens beyond are left out, as mergekit does (Gemma 3's <image_soft_token>, in its models of text alone); any other shows that the two do not belong together. */
function withRows(vocabulary: Vocabulary, { name, vocabularyRows }: InputModel): Vocabulary {
  const ids = new Map(vocabulary.ids);
  const special = new Set(vocabulary.added.flatMap((token) => (token['special'] === true ? [token.content] : [])));
  for (const [token, id] of vocabulary.ids) {
    if (id < vocabularyRows) continue;
    if (!special.has(token)) throw new MergeError('merge-vocabulary-too-large', `merge: expected the tokens of ${name} to have rows in its embedding; ${JSON.stringify(token)} is token ${id}, and the embedding has ${vocabularyRows} rows. Take its own tokenizer, or resize the model's embedding first.`, { model: name, token, id, rows: vocabularyRows });
    ids.delete(token);
  }
  return ids.size === vocabulary.ids.size ? vocabulary : { ...vocabulary, ids };
}

function placeOf(token: string, { source, force }: TokenRule, vocabularies: readonly Vocabulary[], inputs: readonly InputModel[]): TokenPlace | undefined {
  const refuse = (expected: string, input: number): never => {
    throw new MergeError('merge-token-unknown', `merge: tokenizer.tokens: expected ${expected} in ${inputs[input]!.name}, for ${JSON.stringify(token)}; there is none`, { token, model: inputs[input]!.name });
  };
  if (!source) {
    if (force) throw new MergeError('merge-token-unknown', `merge: tokenizer.tokens: expected a source for ${JSON.stringify(token)}, whose embedding is forced; got none`, { token });
    return undefined;
  }
  if (source.kind === 'zero') return { force, source };
  if (source.kind === 'input') return vocabularies[source.input]!.ids.has(token) ? { force, source } : refuse(`the token ${JSON.stringify(token)}`, source.input);
  const row = source.tokenId ?? vocabularies[source.input]!.ids.get(source.token ?? '') ?? refuse(`the token ${JSON.stringify(source.token)}`, source.input);
  if (row >= inputs[source.input]!.vocabularyRows) refuse(`a token ${row}`, source.input);
  return { force, source: { kind: 'row', input: source.input, row } };
}
