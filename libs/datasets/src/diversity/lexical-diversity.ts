/** The type-token ratio at which a stretch of text has used up its variety (McCarthy and Jarvis 2010, "MTLD, vocd-D, and HD-D"). */
const threshold = 0.72;

/**
 * MTLD, the measure of textual lexical diversity: how many words a text goes on, in the mean, until their type-token ratio falls to 0.72. What is
 * left at the end counts as the part of a stretch that it is; forwards and backwards are averaged. 0 where there are no words; a text that never
 * repeats a word ends no stretch, and has its length.
 */
export function lexicalDiversity(words: readonly string[]): number {
  return (oneWay(words) + oneWay([...words].reverse())) / 2;
}

function oneWay(words: readonly string[]): number {
  let stretches = 0;
  let types = new Set<string>();
  let tokens = 0;
  for (const word of words) {
    types.add(word);
    tokens += 1;
    if (types.size / tokens > threshold) continue;
    stretches += 1;
    types = new Set();
    tokens = 0;
  }
  if (tokens > 0) stretches += (1 - types.size / tokens) / (1 - threshold);
  return stretches > 0 ? words.length / stretches : words.length;
}
