import { detectLanguage, undetermined } from '@tunesmith/datasets';

/** Judges a text alone. */
export interface TextFilter {
  readonly name: string;
  /** Why the text is left out; undefined where it is kept. */
  reject(text: string): string | undefined;
}

export interface WordLimits {
  readonly least: number;
  readonly most: number;
}

const labels = /^\s*(?:\d+[.)]\s*)?(?:example|item|instruction|task|question|prompt)\s*\d*\s*[:.]\s*/i;

/** An instruction without the number or the label that teachers put before it. */
export function withoutLabel(text: string): string {
  return text.replace(labels, '').replace(/^\s*(?:\d+[.)]|[-*•])\s+/, '').trim();
}

/** Instructions that are none: no words, left-over marks of the prompt, or their answer beside them. */
export const instructionFormat: TextFilter = {
  name: 'format',
  reject(text) {
    if (!text.isWellFormed() || !/\p{L}{2}/u.test(text)) return 'no words';
    if (/<\/?exam/i.test(text)) return 'a tag inside';
    if (/^\s*<([a-z][\w-]*)>[\s\S]*<\/\1>\s*$/i.test(text)) return 'wrapped in another tag';
    if (/(?:^|\n)\s*(?:answer|response|output|solution)\s*:/i.test(text)) return 'carries an answer';
    if (/\[(?:insert|your|name|topic)\b[^\]]*\]/i.test(text)) return 'a blank to be filled in';
    return undefined;
  },
};

/** Answers that are none. */
export const responseFormat: TextFilter = {
  name: 'format',
  reject(text) {
    if (!text.isWellFormed() || !/[\p{L}\p{N}]/u.test(text)) return 'no words';
    if (/<\/?example>/i.test(text)) return 'a tag inside';
    return undefined;
  },
};

export function wordCount({ least, most }: WordLimits): TextFilter {
  return {
    name: 'length',
    reject(text) {
      // Where words are not written apart, two characters count as one.
      const words = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]{1,2}|[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu)?.length ?? 0;
      return words < least ? `under ${least} words` : words > most ? `over ${most} words` : undefined;
    },
  };
}

const refusals: readonly RegExp[] = [
  /\bas an? (?:ai|artificial intelligence|(?:large )?language model|text-based|virtual assistant|chatbot)\b/i,
  /\bi(?:'|’)?m (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b/i,
  /\bi (?:cannot|can(?:'|’)?t|can not|am (?:not able|unable)|(?:'|’)m (?:not able|unable)|won(?:'|’)?t|will not) (?:to )?(?:assist|help|provide|fulfil+|comply|answer|complete|generate|create|do that|browse|access|see|view|hear|open)\b/i,
  /\bi(?:'|’)m (?:not able|unable) to\b/i,
  /\bi (?:do not|don(?:'|’)?t) have (?:access|the ability|personal|real-time|feelings|opinions|enough (?:context|information))\b/i,
  /^(?:i(?:'|’)m |i am )?sorry\b[,.!]? (?:but )?(?:i|there|as|we|your)\b/i,
  /\b(?:please|could you|can you) (?:provide|give|share|specify|clarify)\b[^.?!]*\b(?:more|additional|further|the (?:text|article|passage|sentence|input|list|context|details?|information))\b/i,
];

/** Answers that decline, or ask for what was not given. Only how they begin counts: a story may well quote a refusal. */
export const refusal: TextFilter = {
  name: 'refusal',
  reject(text) {
    const beginning = text.slice(0, 240);
    return refusals.some((pattern) => pattern.test(beginning)) ? 'declines' : undefined;
  },
};

/** ISO 639-3 codes; a text whose language cannot be told is kept. */
export function languageOf(languages: readonly string[]): TextFilter {
  return {
    name: 'language',
    reject(text) {
      const language = detectLanguage(text);
      return language === undetermined || languages.includes(language) ? undefined : language;
    },
  };
}
