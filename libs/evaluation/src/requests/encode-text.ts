import type { TokenModel } from '@tunesmith/generation';
import { EvaluationError } from '../evaluation-error.js';

/** What a model reads at most where its configuration does not say: as lm-evaluation-harness assumes. */
const usualContextLength = 2048;

export function contextLengthOf({ contextLength }: TokenModel): number {
  return Number.isFinite(contextLength) ? contextLength : usualContextLength;
}

/** What stands before a text that has nothing before it: the token for the beginning of a text, else that for its end. */
export function prefixTokenId({ tokenizer, folder }: TokenModel): number {
  const end = tokenizer.specialTokens.eos_token;
  const id = tokenizer.bosTokenId ?? (end === undefined ? undefined : tokenizer.tokenId(end));
  if (id !== undefined) return id;
  throw new EvaluationError({ message: `${folder} has neither a beginning nor an end token, so a text without a context cannot be scored. Name bos_token or eos_token in tokenizer_config.json.`, code: 'prefix-token-missing', facts: { folder } });
}

/** Tokens of a text, with those that the tokenizer adds; not where the text begins with such a token already, as rendered chat templates do. */
export function encodeText(loaded: TokenModel, text: string): number[] {
  const { tokenizer } = loaded;
  const first = tokenizer.bosTokenId === undefined && tokenizer.specialTokens.eos_token === undefined ? undefined : tokenizer.decode([prefixTokenId(loaded)]);
  return tokenizer.encode(text, { addSpecialTokens: !(first !== undefined && first !== '' && text.startsWith(first)) });
}
