import { franc } from 'franc-min';
import { functionWords } from './function-words.js';

/** What a language is called that could not be told. */
export const undetermined = 'und';

/** Letters from which statistics of trigrams are believed. */
const lettersForTrigrams = 60;

/** Text beyond this says nothing new. */
const lettersRead = 2000;

/** Scripts that one of the big languages writes alone, or nearly so. Han stands after kana: Japanese writes both. */
const scripts: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, 'jpn'],
  [/\p{Script=Hangul}/gu, 'kor'],
  [/\p{Script=Han}/gu, 'cmn'],
  [/\p{Script=Thai}/gu, 'tha'],
  [/\p{Script=Greek}/gu, 'ell'],
  [/\p{Script=Hebrew}/gu, 'heb'],
  [/\p{Script=Georgian}/gu, 'kat'],
  [/\p{Script=Armenian}/gu, 'hye'],
  [/\p{Script=Tamil}/gu, 'tam'],
  [/\p{Script=Telugu}/gu, 'tel'],
  [/\p{Script=Bengali}/gu, 'ben'],
];

let wordLanguages: ReadonlyMap<string, readonly string[]> | undefined;

/**
 * The language of a text as an ISO 639-3 code (`eng`, `deu`, `cmn`), or `und`: by its script where that tells, else by its function words, else, where
 * it is long enough, by its trigrams. Blocks of code between triple backquotes do not count.
 */
export function detectLanguage(text: string): string {
  const prose = text.slice(0, 2 * lettersRead).replace(/```[\s\S]*?(```|$)/g, ' ').slice(0, lettersRead);
  const letters = countOf(prose, /\p{L}/gu);
  if (letters === 0) return undetermined;
  const foreign = countOf(prose, /[^\p{Script=Latin}\P{L}]/gu);
  if (foreign > letters / 2) return byScript(prose, letters);
  return byFunctionWords(prose) ?? byTrigrams(prose, letters);
}

function byScript(text: string, letters: number): string {
  for (const [pattern, language] of scripts) {
    // A fifth of kana among Han characters is Japanese; everything else has to be most of the text.
    if (countOf(text, pattern) > letters / (language === 'jpn' ? 5 : 2)) return language;
  }
  return byTrigrams(text, letters);
}

/** Undefined where too few words, or those of two languages alike, speak for one. */
function byFunctionWords(text: string): string | undefined {
  // Letters alone are names of things, in formulas and lists.
  const words = text.toLowerCase().match(/\p{L}{2,}/gu) ?? [];
  const languages = languagesOfWords();
  const hits = new Map<string, number>();
  for (const word of words) {
    const spoken = languages.get(word);
    // A word that many languages have says less.
    for (const language of spoken ?? []) hits.set(language, (hits.get(language) ?? 0) + 1 / spoken!.length);
  }
  const [best, second] = [...hits].sort(([, left], [, right]) => right - left);
  if (!best) return undefined;
  const [language, score] = best;
  const clear = score >= 1.5 * (second?.[1] ?? 0);
  return clear && score >= 1 && score >= words.length / 12 ? language : undefined;
}

function byTrigrams(text: string, letters: number): string {
  return letters < lettersForTrigrams ? undetermined : franc(text);
}

function languagesOfWords(): ReadonlyMap<string, readonly string[]> {
  if (wordLanguages) return wordLanguages;
  const found = new Map<string, string[]>();
  for (const [language, words] of Object.entries(functionWords)) {
    for (const word of new Set(words.split(' '))) found.set(word, [...(found.get(word) ?? []), language]);
  }
  wordLanguages = found;
  return found;
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
