import type { EncodedConversation, LossWeighing, WeighedText } from './conversation-format.js';
import { encodeParts } from './encode-parts.js';
import { EmptyLossMaskError } from './errors.js';
import type { Tokenizer } from './tokenizer.js';

/** The assistant's words count one each, and nothing else does. */
export const plainWeighing: LossWeighing = {
  said: (text) => [{ text, weight: 1 }],
  end: () => 1,
  others: (text) => [{ text, weight: 0 }],
};

/** What the assistant says at a turn, as the pieces of `weighing`; the last of `endTexts` in it, and what follows, is the end of the turn. */
export function weighTurn(said: string, message: number, weighing: LossWeighing, endTexts: readonly string[]): WeighedText[] {
  const ends = endTexts.map((text) => said.lastIndexOf(text)).filter((at) => at >= 0);
  const end = ends.length > 0 ? Math.max(...ends) : said.length;
  return [...weighing.said(said.slice(0, end), message), { text: said.slice(end), weight: weighing.end(message) }];
}

/**
 * Tokenizes pieces one by one, as SWIFT does: no token lies across a border between two weights. Neighbours of one weight are one piece.
 * Throws EmptyLossMaskError where every weight is 0.
 */
export function encodeWeighed(tokenizer: Tokenizer, texts: readonly WeighedText[]): EncodedConversation {
  const pieces: { text: string; weight: number }[] = [];
  for (const { text, weight } of texts) {
    const last = pieces.at(-1);
    if (last?.weight === weight) last.text += text;
    else if (text !== '') pieces.push({ text, weight });
  }
  const encoded = encodeParts(
    tokenizer,
    pieces.map(({ text }) => text),
  );
  const weights = encoded.flatMap((ids, piece) => ids.map(() => pieces[piece]!.weight));
  if (!weights.some((weight) => weight > 0)) {
    throw new EmptyLossMaskError({
      code: 'empty-loss-mask',
      message: 'Nothing of this conversation would be trained: its loss scale gives every token the weight 0. Leave the row out, or mend its `loss` and `loss_scale`.',
      facts: { pieces: pieces.length },
    });
  }
  const plain = weights.every((weight) => weight === 0 || weight === 1);
  return { tokenIds: encoded.flat(), lossMask: weights.map((weight) => weight > 0), ...(plain ? {} : { lossWeights: weights }) };
}
