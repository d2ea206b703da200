import { preTokenizerName } from './pre-tokenizer.js';
import { parseTokenizerJson, type TokenizerJson } from './tokenizer-json.js';

const byteLevel = (useRegex?: boolean) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, ...(useRegex !== undefined && { use_regex: useRegex }) });
const cut = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
const sequence = (...stages: unknown[]) => ({ type: 'Sequence', pretokenizers: [...stages.flat(), byteLevel(false)] });
const split = (Regex: string) => sequence(cut(Regex));

function tokenizer(pre: unknown, { ignoreMerges = false, normalizer }: { ignoreMerges?: boolean; normalizer?: unknown } = {}): TokenizerJson {
  return parseTokenizerJson({ normalizer, pre_tokenizer: pre, model: { type: 'BPE', vocab: { a: 0 }, merges: [], ignore_merges: ignoreMerges } });
}

// As published in the tokenizer.json of each.
const llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const qwen2 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const gpt4o =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

test.each([
  ['gpt-2', tokenizer(byteLevel())],
  ['gpt-2', tokenizer(byteLevel(true))],
  ['olmo', tokenizer(byteLevel(true), { normalizer: { type: 'NFC' } })],
  ['smaug-bpe', tokenizer({ type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: llama3 }, behavior: 'Removed', invert: true }, byteLevel(false)] })],
  ['smollm', tokenizer({ type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)] })],
  ['llama-bpe', tokenizer(split(llama3), { ignoreMerges: true })],
  ['smaug-bpe', tokenizer(split(llama3))],
  ['gpt-4o', tokenizer(split(gpt4o))],
  ['deepseek-coder', tokenizer(sequence(['[\r\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', '[一-龥ࠀ-一가-퟿]+'].map(cut), { type: 'Digits', individual_digits: true }), { normalizer: { type: 'Sequence', normalizers: [] } })],
  ['qwen2', tokenizer(split(qwen2), { normalizer: { type: 'NFC' } })],
])('is called %s', (name, json) => expect(preTokenizerName(json)).toBe(name));

test.each([
  ['another expression', tokenizer(split('\\w+'))],
  ['a prefix space', tokenizer({ type: 'ByteLevel', add_prefix_space: true, use_regex: true })],
  ['a split that removes what matches', tokenizer({ type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: llama3 }, behavior: 'Removed', invert: false }, byteLevel(false)] })],
  ['digits together', tokenizer({ type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: false }, byteLevel(true)] })],
  ['a normalizer', tokenizer(byteLevel(), { normalizer: { type: 'Lowercase' } })],
  ['ignored merges', tokenizer(byteLevel(), { ignoreMerges: true })],
])('refuses %s', (_, json) => expect(() => preTokenizerName(json)).toThrow(expect.objectContaining({ code: 'tokenizer-not-convertible' })));
