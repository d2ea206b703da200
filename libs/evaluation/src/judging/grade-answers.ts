import { itemScore } from '../harness/output-type.js';
import { mean } from '../mean.js';
import type { AskJudge, ItemScore } from '../planned-task.js';
import { askVerdicts } from './ask-verdicts.js';
import { gradePrompt } from './judge-prompts.js';
import { readGrade } from './read-verdict.js';

/** What a row asks, and the right answers where the judge may see them. */
export interface JudgedRow {
  readonly questions: readonly string[];
  readonly references?: readonly string[];
}

/** Every answer of every conversation graded from 1 to 10; an item whose judge gave no grade for one of its turns has no verdict. Values: grade, grade_turn_N, no_verdict. */
export async function gradeAnswers(rows: readonly JudgedRow[], scores: readonly ItemScore[], ask: AskJudge): Promise<ItemScore[]> {
  const turns = rows.flatMap(({ questions, references }, row) => questions.map((_, turn) => {
    const answers = answersOf(scores[row]!).slice(0, turn + 1);
    return { row, prompt: gradePrompt({ questions: questions.slice(0, turn + 1), answers }, references?.slice(0, turn + 1)) };
  }));
  const verdicts = await askVerdicts(turns.map(({ prompt }) => prompt), readGrade, 'GRADE: N', ask);
  const most = Math.max(...rows.map(({ questions }) => questions.length));
  return scores.map((score, row) => {
    const own = verdicts.filter((_, place) => turns[place]!.row === row);
    const grades = own.map(({ verdict }) => verdict);
    const complete = grades.every((grade) => grade !== null);
    const byTurn = most === 1 ? {} : Object.fromEntries(Array.from({ length: most }, (_, turn) => [`grade_turn_${turn + 1}`, grades[turn] ?? null]));
    return withValues(score, { grade: complete ? mean(grades) : null, ...byTurn, no_verdict: complete ? 0 : 1 }, own);
  });
}

/** From this many answers on, and this share of them, one grade for almost all says little about any. */
const [fewestItems, sameShare] = [5, 0.8];

/** Whether the judge tells answers apart at all. */
export function gradeRemarks(whose: string, scores: readonly ItemScore[]): string[] {
  const counts = new Map<number, number>();
  for (const { metrics: { grade } } of scores) if (grade !== undefined) counts.set(grade, (counts.get(grade) ?? 0) + 1);
  const graded = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const [[grade, count] = [0, 0]] = [...counts].toSorted(([, one], [, other]) => other - one);
  if (graded < fewestItems || count < sameShare * graded) return [];
  return [`The judge gives the grade ${grade} to ${count} of ${graded} items${whose}: it hardly tells answers apart. Let it compare pairs, or take another judge.`];
}

/** What a model said in each turn. */
export function answersOf({ prediction }: ItemScore): readonly string[] {
  return [prediction].flat() as string[];
}

/** A score with values of metrics, and with what the judge said. */
export function withValues(score: ItemScore, values: Readonly<Record<string, unknown>>, judge: unknown, others: Readonly<Record<string, unknown>> = {}): ItemScore {
  return { ...score, ...itemScore(score.prediction, score.logProbs, values), notes: { ...score.notes, ...others, judge } };
}
