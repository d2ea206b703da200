import { GgufError } from '@tunesmith/checkpoints';
import type { JsonObject } from './json.js';

/** How a byte-level vocabulary of a GGUF file splits text, and what llama.cpp assumes of it besides. */
export interface PreTokenizer {
  readonly json: JsonObject;
  /** A whole piece that is in the vocabulary is taken as it is. */
  readonly ignoreMerges?: boolean;
  /** Whether a beginning-of-sequence token is added where the file does not say. */
  readonly addBos?: boolean;
  readonly normalizer?: JsonObject;
}

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const tail = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const symbols = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*';
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const lead = '[^\\r\\n\\p{L}\\p{N}]?';

const llama3 = `${contractions}|${words}|\\p{N}{1,3}|${symbols}|${tail}`;
const qwen2 = `${contractions}|${words}|\\p{N}|${symbols}|${tail}`;
const qwen35 = `${contractions}|${lead}[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${tail}`;
const tekken = `${lead}${upper}*${lower}+|${lead}${upper}+${lower}*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${tail}`;
const gpt4o = `${lead}${upper}*${lower}+${contractions}?|${lead}${upper}+${lower}*${contractions}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${tail}`;

/** The letters that have a case. */
const deepseekLetters = '\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+';
const deepseekIdeographs = '[一-龥ࠀ-一가-퟿]+';

const gpt2Json: JsonObject = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const nfc: JsonObject = { type: 'NFC' };

const digits: JsonObject = { type: 'Digits', individual_digits: true };

/** Cuts by these expressions, one after another. */
function splits(...stages: (string | JsonObject)[]): JsonObject {
  const pretokenizers = stages.map((stage) => (typeof stage === 'string' ? { type: 'Split', pattern: { Regex: stage }, behavior: 'Isolated', invert: false } : stage));
  return { type: 'Sequence', pretokenizers: [...pretokenizers, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }] };
}

/** Every digit alone, then as GPT-2. */
const digitsFirst: PreTokenizer = { json: { type: 'Sequence', pretokenizers: [digits, gpt2Json] } };
const gpt2: PreTokenizer = { json: gpt2Json };
const likeLlama3: PreTokenizer = { json: splits(llama3), ignoreMerges: true, addBos: true };
const likeQwen2: PreTokenizer = { json: splits(qwen2), normalizer: nfc };

// `tokenizer.ggml.pre` after llama.cpp's src/llama-vocab.cpp; the expressions are those of the published tokenizer.json files.
const known: ReadonlyMap<string, PreTokenizer> = new Map([
  ...['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'].map((name) => [name, likeLlama3] as const),
  ...['dbrx', 'smaug-bpe'].map((name) => [name, { json: splits(llama3) }] as const),
  ...['qwen2', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'megrez'].map((name) => [name, likeQwen2] as const),
  ['qwen35', { json: splits(qwen35), normalizer: nfc }],
  ['stablelm2', { json: splits(qwen2) }],
  ['tekken', { json: splits(tekken), ignoreMerges: true, addBos: true }],
  ...['gpt-4o', 'llama4', 'kanana2'].map((name) => [name, { json: splits(gpt4o) }] as const),
  ...['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'].map((name) => [name, digitsFirst] as const),
  // The tokenizer of GPT-NeoX, which llama.cpp's converter calls by the names of others that have it.
  ...['olmo', 'mpt'].map((name) => [name, { json: gpt2Json, normalizer: nfc }] as const),
  ...['gpt-2', 'phi-2', 'jais', 'gigachat', 'a.x-4.0', 'mellum', 'exaone4', 'trillion', 'granite-docling'].map((name) => [name, gpt2] as const),
  ['deepseek-llm', { json: splits('[\\r\\n]', deepseekLetters, '\\s?[!-/:-~！-／：-～‘-‟　-。]+', '\\s+$', deepseekIdeographs, digits) }],
  ['deepseek-coder', { json: splits('[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', deepseekIdeographs, digits) }],
  ['default', { json: splits('[\\p{P}\\$\\+<=>\\^~\\|]+', "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)", '\\p{N}+', '[0-9][0-9][0-9]') }],
]);

/** The pre-tokenizer of this name. Throws GgufError for names that are not known: another one would give other tokens. */
export function findPreTokenizer(name: string): PreTokenizer {
  const found = known.get(name);
  if (found) return found;
  throw new GgufError({
    code: 'gguf-unknown-pre-tokenizer',
    message: `The tokenizer's tokenizer.ggml.pre is ${JSON.stringify(name)}, which is not known here; known are ${[...known.keys()].join(', ')}. Import the model's Hugging Face folder instead.`,
    facts: { name },
  });
}
