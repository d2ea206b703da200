import { writtenAsPython } from './document-reader.js';

/** One turn of a prompt. As plain text, turns stand one behind the other, each with its delimiter. */
export interface PromptTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  readonly delimiter: string;
}

export interface QuestionParts {
  readonly question: string;
  readonly choices?: readonly string[];
  /** Of an example: a text, the place of a choice, or several right texts, of which the first is shown. */
  readonly answer?: string | number | readonly unknown[];
  /** What the answer begins with. */
  readonly prefix?: string;
  /** Between question and answer. */
  readonly targetDelimiter: string;
  /** Behind an answer. */
  readonly fewshotDelimiter: string;
}

/** A question, with its answer where it is an example. */
export function questionTurns({ question, choices, answer, prefix, targetDelimiter, fewshotDelimiter }: QuestionParts): PromptTurn[] {
  const answered = answer !== undefined && answer !== '';
  const delimited = (answered && !prefix) || (prefix !== undefined && prefix !== '' && needsDelimiter(question, prefix));
  const user: PromptTurn = { role: 'user', content: question, delimiter: delimited ? targetDelimiter : '' };
  if (answered) {
    const shown: unknown = typeof answer === 'object' ? answer[0] : answer;
    const text = typeof shown === 'number' && choices ? choices[shown]! : writtenAsPython(shown);
    return [user, { role: 'assistant', content: joinDelimited(prefix, text, ' '), delimiter: fewshotDelimiter }];
  }
  return prefix ? [user, { role: 'assistant', content: prefix, delimiter: '' }] : [user];
}

export function turnsAsText(turns: readonly PromptTurn[]): string {
  return turns.map(({ content, delimiter }) => content + delimiter).join('');
}

/** All turns as one of the user, between a system message and the beginning of an answer, where there are such. */
export function asOneTurn(turns: readonly PromptTurn[]): PromptTurn[] {
  const system = turns[0]?.role === 'system' ? turns.slice(0, 1) : [];
  const rest = turns.slice(system.length);
  const begun = rest.at(-1)?.role === 'assistant' ? rest.slice(-1) : [];
  const asked = rest.slice(0, rest.length - begun.length).map((turn, place, all) => (place === all.length - 1 ? { ...turn, delimiter: '' } : turn));
  return [...system, { role: 'user', content: turnsAsText(asked), delimiter: '' }, ...begun];
}

/** Both texts, the delimiter between them where neither brings a blank. */
export function joinDelimited(first: string | undefined, second: string | undefined, delimiter: string): string {
  if (!first) return second ?? '';
  if (!second) return first;
  return needsDelimiter(first, second) ? first + delimiter + second : first + second;
}

function needsDelimiter(first: string, second: string): boolean {
  return first !== '' && !/\s$/.test(first) && !/^\s/.test(second);
}
