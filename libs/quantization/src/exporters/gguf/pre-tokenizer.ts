import { isDeepStrictEqual } from 'node:util';
import { notConvertible, stagesOf, type TokenizerJson } from './tokenizer-json.js';

const llama3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const qwen2 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const tekken = String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const byRegex = { type: 'ByteLevel', use_regex: true };
const bytesOnly = { type: 'ByteLevel', use_regex: false };
const splitBy = (regex: string) => [{ type: 'Split', regex }, bytesOnly];

/**
 * llama.cpp knows splitting rules by name only (src/llama-vocab.cpp); these are the ones of models that we write. A name stands for what merges do with
 * a piece that is a token already, too. No rule there normalizes, but the NFC of Qwen's and GPT-NeoX's files is left out by everyone.
 */
const rules: readonly { readonly name: string; readonly stages: readonly unknown[]; readonly ignoreMerges: boolean; readonly normalizer?: string }[] = [
  { name: 'gpt-2', stages: [byRegex], ignoreMerges: false },
  // llama.cpp's name for the tokenizer of GPT-NeoX and Pythia, which OLMo has too.
  { name: 'olmo', stages: [byRegex], ignoreMerges: false, normalizer: 'NFC' },
  { name: 'smollm', stages: [{ type: 'Digits', individual_digits: true }, byRegex], ignoreMerges: false },
  { name: 'llama-bpe', stages: splitBy(llama3), ignoreMerges: true },
  { name: 'smaug-bpe', stages: splitBy(llama3), ignoreMerges: false },
  { name: 'tekken', stages: splitBy(tekken), ignoreMerges: true },
  { name: 'qwen2', stages: splitBy(qwen2), ignoreMerges: false, normalizer: 'NFC' },
];

/**
 * The name in llama.cpp (`tokenizer.ggml.pre`) of how a byte-level tokenizer cuts text before merging. A rule without a name there is refused:
 * the model would read other tokens than those it was trained on.
 */
export function preTokenizerName(tokenizer: TokenizerJson): string {
  const stages = stagesOf(tokenizer.pre_tokenizer).map(essence);
  const normalizers = stagesOf(tokenizer.normalizer).map(({ type }) => type);
  const ignoreMerges = tokenizer.model.ignore_merges === true;
  const rule = rules.find((known) => known.ignoreMerges === ignoreMerges && isDeepStrictEqual(known.stages, stages) && normalizers.every((type) => type === known.normalizer));
  if (rule !== undefined) return rule.name;
  const { pre_tokenizer: preTokenizer, normalizer } = tokenizer;
  throw notConvertible(`llama.cpp has no name for its pre-tokenizer ${JSON.stringify(preTokenizer)} with the normalizer ${JSON.stringify(normalizer ?? null)} and ignore_merges ${ignoreMerges}`, {
    preTokenizer,
    normalizer,
    ignoreMerges,
  });
}

/** A stage without what does not change where text is cut. */
function essence(stage: Record<string, unknown> & { type: string }): Record<string, unknown> & { type: string } {
  if (stage.type === 'ByteLevel') {
    if (stage['add_prefix_space'] === true) return stage;
    return { type: 'ByteLevel', use_regex: stage['use_regex'] !== false };
  }
  if (stage.type === 'Digits') return { type: 'Digits', individual_digits: stage['individual_digits'] === true };
  // Phi-4's file keeps what matches and removes what does not: nothing, since the expressions match everything.
  const keepsMatches = (stage['behavior'] === 'Isolated' && stage['invert'] !== true) || (stage['behavior'] === 'Removed' && stage['invert'] === true);
  if (stage.type === 'Split' && keepsMatches) {
    const pattern = stage['pattern'];
    if (typeof pattern === 'object' && pattern !== null && 'Regex' in pattern) return { type: 'Split', regex: pattern.Regex };
  }
  return stage;
}
