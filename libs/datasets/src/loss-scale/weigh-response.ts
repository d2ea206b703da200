import type { WeighedText } from '@tunesmith/tokenizers';

/**
 * Weights by key. Two numbers: the key is a marker as it stands, the first number is its own weight and the second that of the text up to the
 * next marker. One number: the key is a regular expression (`.` takes line breaks too), and the number the weight of what it matches.
 */
export type LossScaleRule = Readonly<Record<string, readonly number[]>>;

/**
 * Cuts a response at the markers of a rule, found from left to right and tried in the rule's order at each place; regular expressions cut what
 * stands before the first marker. Whatever no key speaks of has the weight 1.
 *
 * Source: SWIFT's loss scale (ms-swift release 2.4, swift/llm/agent/utils.py), after ModelScope-Agent (arXiv 2309.00986).
 */
export function weighResponse(response: string, rule: LossScaleRule): WeighedText[] {
  const markers = Object.entries(rule).filter(([, weights]) => weights.length === 2);
  const patterns = Object.entries(rule).filter(([, weights]) => weights.length === 1);
  const cut = markers.length > 0 ? splitBy(response, markers.map(([key]) => escape(key))) : [{ key: undefined, text: response }];
  const pieces = cut.flatMap(({ key, text }, index): WeighedText[] => {
    // A marker stands for itself; what follows it has its second weight.
    if (key !== undefined) return [{ text, weight: markers[key]![1][0]! }];
    const before = cut[index - 1]?.key;
    if (before !== undefined) return [{ text, weight: markers[before]![1][1]! }];
    return splitBy(text, patterns.map(([pattern]) => pattern)).map((each) => ({ text: each.text, weight: each.key === undefined ? 1 : patterns[each.key]![1][0]! }));
  });
  return pieces.filter(({ text }) => text !== '');
}

interface Piece {
  /** Which pattern matched; undefined between matches. */
  readonly key: number | undefined;
  readonly text: string;
}

/** Every match of any of the patterns, the first that fits at each place, and the text between. */
function splitBy(text: string, patterns: readonly string[]): Piece[] {
  if (patterns.length === 0) return [{ key: undefined, text }];
  const any = new RegExp(patterns.map((pattern, key) => `(?<key${key}>${pattern})`).join('|'), 'gsu');
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(any)) {
    if (match[0] === '') continue;
    pieces.push({ key: undefined, text: text.slice(at, match.index) }, { key: patterns.findIndex((_, key) => match.groups![`key${key}`] !== undefined), text: match[0] });
    at = match.index + match[0].length;
  }
  pieces.push({ key: undefined, text: text.slice(at) });
  return pieces.filter((piece, index) => piece.text !== '' || pieces[index - 1]?.key !== undefined);
}

function escape(marker: string): string {
  return marker.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
