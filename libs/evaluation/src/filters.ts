import { EvaluationError } from './evaluation-error.js';
import { codeBlock } from './filters/code-block.js';
import { cutAt } from './filters/cut-at.js';
import { lowercase } from './filters/lowercase.js';
import { majorityVote } from './filters/majority-vote.js';
import { map } from './filters/map.js';
import { multiChoiceRegex } from './filters/multi-choice-regex.js';
import { prepend } from './filters/prepend.js';
import { regex } from './filters/regex.js';
import { removeWhitespace } from './filters/remove-whitespace.js';
import type { ResponseFilter } from './filters/response-filter.js';
import { takeFirst } from './filters/take-first.js';
import { takeFirstK } from './filters/take-first-k.js';
import { uppercase } from './filters/uppercase.js';

/** Every step between what was generated and what metrics see. */
export const filters: readonly ResponseFilter[] = [regex, multiChoiceRegex, removeWhitespace, lowercase, uppercase, map, takeFirst, takeFirstK, majorityVote, prepend, cutAt, codeBlock];

/** @throws EvaluationError `filter-unknown` */
export function findFilter(name: string): ResponseFilter {
  const filter = filters.find((each) => each.name === name);
  if (filter) return filter;
  throw new EvaluationError({ message: `Expected a filter out of ${filters.map((each) => each.name).join(', ')}; got "${name}".`, code: 'filter-unknown', facts: { name } });
}
