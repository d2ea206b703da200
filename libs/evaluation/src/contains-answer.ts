/** Letters of one width and case, no punctuation, single spaces. */
export function normalizeAnswer(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{P}+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * Whether the expected text occurs in an answer, whatever the case, punctuation and spacing. Words written with spaces between them have to occur whole:
 * 4 does not occur in 14, nor Ann in Hannah.
 */
export function containsAnswer(answer: string, expected: string): boolean {
  const wanted = normalizeAnswer(expected);
  if (wanted === '') return false;
  // No punctuation is left to escape, but some symbols mean something in a pattern.
  const word = String.raw`[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]`;
  const pattern = new RegExp(`(?<!${word}(?=${word}))${wanted.replace(/[$+^|]/g, '\\$&')}(?!(?<=${word})${word})`, 'u');
  return pattern.test(normalizeAnswer(answer));
}
