import { isDeepStrictEqual } from 'node:util';
import { notConvertible, stagesOf, type TokenizerJson } from './tokenizer-json.js';

const llama3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const qwen2 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** llama.cpp knows splitting rules by name only; these are the ones that a byte-level tokenizer.json can ask for. */
const splitters: ReadonlyMap<string, string> = new Map([
  [llama3, 'llama-bpe'],
  [qwen2, 'qwen2'],
]);

/**
 * The name in llama.cpp (`tokenizer.ggml.pre`) of how a byte-level tokenizer cuts text before merging. A rule without a name there is refused:
 * the model would read other tokens than those it was trained on.
 */
export function preTokenizerName(tokenizer: TokenizerJson): string {
  const stages = stagesOf(tokenizer.pre_tokenizer).map(essence);
  const [first, second] = stages;
  const byRegex = { type: 'ByteLevel', use_regex: true };
  const bytesOnly = { type: 'ByteLevel', use_regex: false };
  if (isDeepStrictEqual(stages, [byRegex])) return 'gpt-2';
  if (isDeepStrictEqual(stages, [{ type: 'Digits', individual_digits: true }, byRegex])) return 'smollm';
  if (stages.length === 2 && first?.type === 'Split' && isDeepStrictEqual(second, bytesOnly)) {
    const name = splitters.get(String(first['regex']));
    if (name !== undefined) return name;
  }
  throw notConvertible(`llama.cpp has no name for its pre-tokenizer ${JSON.stringify(tokenizer.pre_tokenizer)}`, { preTokenizer: tokenizer.pre_tokenizer });
}

/** A stage without what does not change where text is cut. */
function essence(stage: Record<string, unknown> & { type: string }): Record<string, unknown> & { type: string } {
  if (stage.type === 'ByteLevel') {
    if (stage['add_prefix_space'] === true) return stage;
    return { type: 'ByteLevel', use_regex: stage['use_regex'] !== false };
  }
  if (stage.type === 'Digits') return { type: 'Digits', individual_digits: stage['individual_digits'] === true };
  if (stage.type === 'Split' && stage['behavior'] === 'Isolated' && stage['invert'] !== true) {
    const pattern = stage['pattern'];
    if (typeof pattern === 'object' && pattern !== null && 'Regex' in pattern) return { type: 'Split', regex: pattern.Regex };
  }
  return stage;
}
