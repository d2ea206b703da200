import { asciiPunctuation } from './ascii-punctuation.js';
import { pythonSpaces } from '@tunesmith/tokenizers';

const articles = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** The words of an answer as SQuAD compares them (Rajpurkar et al. 2016): small, without ASCII punctuation, without articles. */
export function squadWords(text: string): string[] {
  return text
    .toLowerCase()
    .replace(asciiPunctuation, '')
    .replace(articles, ' ')
    .split(pythonSpaces)
    .filter((word) => word !== '');
}
