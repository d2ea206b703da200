import { binomialTest } from '../statistics/binomial-test.js';
import type { LengthPair } from '../aggregations/length-controlled.js';
import type { AskJudge, ItemScore } from '../planned-task.js';
import { askVerdicts } from './ask-verdicts.js';
import { answersOf, withValues, type JudgedRow } from './grade-answers.js';
import { choicePrompt } from './judge-prompts.js';
import { readChoice, type Choice } from './read-verdict.js';

/**
 * The answers of a model against a baseline's, each pair judged in both orders. What wins in both has won; where the orders disagree it is a tie; where one of them has no verdict, the
 * item has none. Values: win_rate (a tie counts half), length_controlled_win_rate (see there), tie_rate, consistency (the orders agree), first_place (how often the first answer is named, of all answers named), no_verdict.
 */
export async function chooseAnswers(rows: readonly JudgedRow[], scores: readonly ItemScore[], baselines: readonly (readonly string[])[], ask: AskJudge): Promise<{ scores: ItemScore[]; remarks: string[] }> {
  const prompts = rows.flatMap(({ questions, references }, row) => {
    const [own, other] = [answersOf(scores[row]!), baselines[row]!];
    return [choicePrompt(questions, own, other, references), choicePrompt(questions, other, own, references)];
  });
  const verdicts = await askVerdicts(prompts, readChoice, 'BETTER: A, BETTER: B or BETTER: TIE', ask);
  const pairs = rows.map((_, row) => verdicts.slice(2 * row, 2 * row + 2).map(({ verdict }) => verdict));
  const judged = scores.map((score, row) => {
    const [ahead, behind] = verdicts.slice(2 * row, 2 * row + 2);
    return withValues(score, valuesOf(pairs[row]!, charactersOf(answersOf(score)) - charactersOf(baselines[row]!)), { 'this model first': ahead, 'baseline first': behind }, { baseline: baselines[row]! });
  });
  return { scores: judged, remarks: placeRemarks(pairs) };
}

type Pair = readonly (Choice | null)[];

/** `pair`: the choice with this model first, and that with the baseline first; `difference`: how many characters longer this model's answers are. */
function valuesOf(pair: Pair, difference: number): Record<string, number | LengthPair | null> {
  const [ahead, behind] = pair;
  const named = pair.filter((choice) => choice === 'first' || choice === 'second');
  const firstPlace = named.length === 0 ? null : named.filter((choice) => choice === 'first').length / named.length;
  if (ahead === null || behind === null) return { win_rate: null, length_controlled_win_rate: null, tie_rate: null, consistency: null, first_place: firstPlace, no_verdict: 1 };
  const [won, lost] = [ahead === 'first' && behind === 'second', ahead === 'second' && behind === 'first'];
  const preference = won ? 1 : lost ? 0 : 0.5;
  return { win_rate: preference, length_controlled_win_rate: { preference, difference }, tie_rate: won || lost ? 0 : 1, consistency: won || lost || (ahead === 'tie' && behind === 'tie') ? 1 : 0, first_place: firstPlace, no_verdict: 0 };
}

function charactersOf(answers: readonly string[]): number {
  return answers.reduce((sum, answer) => sum + [...answer].length, 0);
}

/** Whether the judge goes by the place: a fair one that is unsure names the first answer in both orders as often as the second in both. */
function placeRemarks(pairs: readonly Pair[]): string[] {
  const complete = pairs.filter((pair) => pair.every((choice) => choice !== null));
  const both = (place: Choice): number => complete.filter((pair) => pair.every((choice) => choice === place)).length;
  const counts = { first: both('first'), second: both('second') };
  for (const place of ['first', 'second'] as const) {
    if (counts[place] === complete.length && complete.length > 1) return [`The judge always names the ${place} answer, whichever it is (${complete.length} items in both orders): its verdicts say nothing, and all count as ties.`];
  }
  const pValue = binomialTest(counts.first, counts.second);
  if (pValue >= 0.05) return [];
  const preferred = counts.first > counts.second ? 'first' : 'second';
  return [`The judge prefers the ${preferred} place: of ${complete.length} items it names the first answer in both orders for ${counts.first}, the second for ${counts.second} (p = ${pValue.toPrecision(2)}); these count as ties.`];
}
