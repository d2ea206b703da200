import { isObject, type JsonObject } from './json.js';

/** What stands for a space in vocabularies of SentencePiece. */
const mark = '▁';

/** More merges across a boundary than this, and the check of them would cost more than it saves. */
const mostCrossing = 64;

/**
 * Where a text may be cut before BPE that is not cut by the tokenizer itself: before the mark of a space that follows another character, as no merge joins
 * the two, but for the few that are looked for. Undefined where the model is none of that kind, or too many merges cross such places.
 */
export function wordBoundaries(model: unknown): RegExp | undefined {
  if (!isObject(model) || model.type !== 'BPE' || !Array.isArray(model.merges) || !spellsEverything(model)) return undefined;
  const crossing: [string, string][] = [];
  for (const merge of model.merges as unknown[]) {
    const [left, right] = Array.isArray(merge) ? (merge as [string, string]) : (String(merge).split(' ', 2) as [string, string]);
    if (left.endsWith(mark) || !right.startsWith(mark)) continue;
    crossing.push([left, right]);
    if (crossing.length > mostCrossing) return undefined;
  }
  const exceptions = crossing.map(([left, right]) => `(?!(?<=${escape(left)})${escape(right)})`);
  return new RegExp(`(?<=[^${mark}])(?=${mark})${exceptions.join('')}`, 'gu');
}

/** Unknown characters that stand side by side would become one token, wherever they were cut. */
function spellsEverything({ fuse_unk: fuses, byte_fallback: fallsBack, vocab }: JsonObject): boolean {
  if (fuses !== true) return true;
  return fallsBack === true && isObject(vocab) && Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).every((token) => Object.hasOwn(vocab, token));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
