import { findPreTokenizer } from '@tunesmith/tokenizers';
import { isDeepStrictEqual } from 'node:util';
import { notConvertible, Stage, stagesOf, type TokenizerJson } from './tokenizer-json.js';

/**
 * llama.cpp knows splitting rules by name only (src/llama-vocab.cpp); these are the ones of models that we write, one name for each rule. A name stands
 * for what merges do with a piece that is a token already, too. No rule there normalizes, but the NFC of Qwen's and GPT-NeoX's files is left out by everyone.
 */
const names = ['gpt-2', 'olmo', 'smollm', 'llama-bpe', 'smaug-bpe', 'tekken', 'qwen2', 'qwen35', 'gpt-4o', 'deepseek-llm', 'deepseek-coder', 'default'];

function rules() {
  return names.map((name) => {
    const { json, ignoreMerges = false, normalizer } = findPreTokenizer(name);
    return { name, stages: stagesOf(Stage.parse(json)).map(essence), ignoreMerges, normalizer: normalizer?.['type'] };
  });
}

/**
 * The name in llama.cpp (`tokenizer.ggml.pre`) of how a byte-level tokenizer cuts text before merging. A rule without a name there is refused:
 * the model would read other tokens than those it was trained on.
 */
export function preTokenizerName(tokenizer: TokenizerJson): string {
  const stages = stagesOf(tokenizer.pre_tokenizer).map(essence);
  const normalizers = stagesOf(tokenizer.normalizer).map(({ type }) => type);
  const ignoreMerges = tokenizer.model.ignore_merges === true;
  const rule = rules().find((known) => known.ignoreMerges === ignoreMerges && isDeepStrictEqual(known.stages, stages) && normalizers.every((type) => type === known.normalizer));
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
    if (typeof pattern === 'object' && pattern !== null && 'Regex' in pattern) return { type: 'Split', regex: String(pattern.Regex).replaceAll('\r', String.raw`\r`).replaceAll('\n', String.raw`\n`) };
  }
  return stage;
}
