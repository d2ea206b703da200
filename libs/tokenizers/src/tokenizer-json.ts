import { TokenizerError } from './errors.js';
import { isObject, objects, type JsonObject } from './json.js';

const supportedModels = ['BPE', 'Unigram', 'WordPiece'];

/** The expression that GPT-2's ByteLevel splits by, for engines that follow Unicode. */
const byteLevelPattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Makes a tokenizer.json fit for @huggingface/tokenizers: absent parts become null, and pre-tokenizers that this library renders with
 * JavaScript's own classes become Splits with the reference's meaning: Digits counts every Unicode number (`²`, `٣`), and
 * whitespace of ByteLevel and WhitespaceSplit is Unicode's (with U+0085, without U+FEFF). Throws TokenizerError for what the library would pass over in silence.
 */
export function prepareTokenizerJson(json: unknown, source: string): JsonObject {
  if (!isObject(json) || !isObject(json.model)) {
    throw new TokenizerError({ code: 'tokenizer-bad-json', message: `${source} is no tokenizer.json: it has no model object.`, facts: { source } });
  }
  const { model } = json;
  const unsupported = (detail: string): never => {
    throw new TokenizerError({ code: 'tokenizer-unsupported', message: `${source}: ${detail}`, facts: { source } });
  };
  const type = model.type ?? (model.merges ? 'BPE' : undefined);
  if (typeof type !== 'string' || !supportedModels.includes(type)) unsupported(`the model type ${JSON.stringify(model.type)} is not supported; known are ${supportedModels.join(', ')}.`);
  if (typeof model.dropout === 'number' && model.dropout > 0) unsupported('BPE dropout would make tokenization random.');
  const added = objects(json.added_tokens);
  for (const token of added) if (token.single_word === true) unsupported(`the added token ${JSON.stringify(token.content)} matches single words only, which is not supported.`);
  return {
    ...json,
    model: { ...model, type },
    added_tokens: added,
    normalizer: json.normalizer ?? null,
    pre_tokenizer: widen(json.pre_tokenizer ?? null),
    post_processor: json.post_processor ?? null,
    decoder: json.decoder ?? null,
  };
}

/** True where the text of one part never depends on what stands before it, so that parts may be tokenized by themselves. */
export function tokenizesPartsAlike(json: JsonObject): boolean {
  return !mentions(json.normalizer, (part) => ['Prepend', 'Strip', 'Precompiled'].includes(String(part.type))) && !mentions(json.pre_tokenizer, addsPrefix);
}

function addsPrefix(part: JsonObject): boolean {
  return (part.type === 'Metaspace' && part.prepend_scheme !== 'never') || part.add_prefix_space === true;
}

function mentions(part: unknown, found: (part: JsonObject) => boolean): boolean {
  if (!isObject(part)) return false;
  return found(part) || [...objects(part.normalizers), ...objects(part.pretokenizers)].some((inner) => mentions(inner, found));
}

function widen(part: unknown): unknown {
  if (!isObject(part)) return part;
  if (part.type === 'Sequence') return { ...part, pretokenizers: objects(part.pretokenizers).map(widen) };
  if (part.type === 'WhitespaceSplit') return split('\\s+', 'Removed');
  if (part.type === 'Digits') return split(part.individual_digits === true ? '\\p{N}' : '\\p{N}+');
  // A prefix space has to come before the split, so such a ByteLevel stays as it is.
  if (part.type === 'ByteLevel' && part.add_prefix_space !== true && part.use_regex !== false) {
    return { type: 'Sequence', pretokenizers: [split(byteLevelPattern), { ...part, use_regex: false }] };
  }
  return part;
}

function split(pattern: string, behavior: 'Isolated' | 'Removed' = 'Isolated'): JsonObject {
  return { type: 'Split', pattern: { Regex: pattern }, behavior, invert: false };
}
