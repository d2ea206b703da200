import { TemplateMismatchError } from './errors.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Tokenizes consecutive parts of one text so that every part begins at a token boundary: what serving sees, where the prompt is tokenized
 * by itself and the answer comes token by token. Special tokens are recognised, none are added.
 */
export function encodeParts(tokenizer: Tokenizer, parts: readonly string[]): number[][] {
  if (tokenizer.tokenizesPartsAlike) return parts.map((part) => tokenizer.encode(part, { addSpecialTokens: false }));
  // Such tokenizers put a space before the first word of a text. A later part must not get one: it is what its beginning together with
  // everything before it adds to the tokens.
  let before = '';
  let known: number[] = [];
  return parts.map((part) => {
    before += part;
    const all = tokenizer.encode(before, { addSpecialTokens: false });
    if (known.some((id, i) => all[i] !== id)) {
      throw new TemplateMismatchError({
        code: 'template-mismatch',
        message: `The tokenizer joins ${JSON.stringify(part.slice(0, 40))} with the text before it into one token, so what is trained would differ from what is served. Begin it with another character than a space or a line break.`,
        facts: { part: part.slice(0, 200) },
      });
    }
    const added = all.slice(known.length);
    known = all;
    return added;
  });
}
