import type { AskJudge, ItemScore, JudgePrompt } from '../planned-task.js';
import { chooseAnswers } from './choose-answers.js';
import { gradeAnswers, gradeRemarks } from './grade-answers.js';
import { choicePrompt, gradePrompt } from './judge-prompts.js';
import { readChoice, readGrade } from './read-verdict.js';

const scoreOf = (prediction: unknown): ItemScore => ({ prediction, logProbs: [], metrics: {} });
/** What stands behind a mark in a prompt. */
const behind = ({ user }: JudgePrompt, mark: string): string | undefined => user.split(`[${mark}]\n`)[1]?.split('\n[End]')[0];
const said = (score: ItemScore): unknown => score.notes!['judge'];

test.each([
  ['It is fine.\nGRADE: 7', 7], ['**Grade: 8/10**', 8], ['GRADE: 3\nNo, rather\ngrade: 4.5.', 4.5], ['  GRADE : 10  ', 10],
  ['GRADE: 0', undefined], ['GRADE: 11', undefined], ['GRADE: N', undefined], ['I give it a grade: 7 out of ten, say', undefined], ['7', undefined], ['', undefined],
])('the grade in "%s" is %s', (text, grade) => {
  expect(readGrade(text)).toBe(grade);
});

test.each([
  ['A is shorter.\nBETTER: B', 'second'], ['**Better: A**', 'first'], ['BETTER: tie', 'tie'], ['BETTER: A\nBETTER: B', 'second'],
  ['BETTER: C', undefined], ['BETTER: A or B', undefined], ['A', undefined],
])('the choice in "%s" is %s', (text, choice) => {
  expect(readChoice(text)).toBe(choice);
});

test('prompts show each answer between marks, with right ones only where there are any', () => {
  const conversation = { questions: ['One?', 'Two?'], answers: ['1', '2'] };
  const plain = gradePrompt(conversation, undefined);
  expect(['Question 1', 'Answer 1', 'Question 2', 'Answer 2', 'Right answer 2'].map((mark) => behind(plain, mark))).toEqual(['One?', '1', 'Two?', '2', undefined]);
  expect(plain.user).toContain('the answer to question 2');
  expect(behind(gradePrompt(conversation, ['eins', 'zwei']), 'Right answer 2')).toBe('zwei');
  const pair = choicePrompt(['One?'], ['1'], ['uno'], undefined);
  expect([behind(pair, 'Assistant A, answer 1'), behind(pair, 'Assistant B, answer 1')]).toEqual(['1', 'uno']);
});

test('every turn of a conversation is graded with those before it; a reply out of form is asked again once', async () => {
  const seen: JudgePrompt[][] = [];
  const ask: AskJudge = async (prompts) => {
    seen.push([...prompts]);
    // The second question's grade comes only when the form is asked for again; the third row's never.
    return prompts.map((prompt) => (prompt.user.includes('Lost?') ? 'hm' : prompt.user.includes('to question 2') && !prompt.user.includes('no such line') ? 'Quite good.' : prompt.user.includes('to question 2') ? 'GRADE: 4' : 'GRADE: 8'));
  };
  const scores = await gradeAnswers([{ questions: ['A?', 'B?'] }, { questions: ['C?'] }, { questions: ['Lost?'] }], [scoreOf(['a', 'b']), scoreOf('c'), scoreOf('l')], ask);
  expect(scores.map(({ values }) => values)).toEqual([
    { grade: 6, grade_turn_1: 8, grade_turn_2: 4, no_verdict: 0 },
    { grade: 8, grade_turn_1: 8, grade_turn_2: null, no_verdict: 0 },
    { grade: null, grade_turn_1: null, grade_turn_2: null, no_verdict: 1 },
  ]);
  expect(scores.map(({ metrics }) => metrics['grade'])).toEqual([6, 8, undefined]);
  expect(seen.map(({ length }) => length)).toEqual([4, 2]);
  expect(behind(seen[0]![0]!, 'Question 2')).toBeUndefined();
  expect(behind(seen[0]![1]!, 'Answer 1')).toBe('a');
  expect(said(scores[0]!)).toEqual([{ said: 'GRADE: 8', verdict: 8, askedAgain: false }, { said: 'GRADE: 4', verdict: 4, askedAgain: true }]);
});

test('one grade for almost all is remarked', () => {
  const graded = (...grades: (number | null)[]): ItemScore[] => grades.map((grade): ItemScore => ({ ...scoreOf('x'), metrics: grade === null ? {} : { grade } }));
  expect(gradeRemarks('', graded(5, 5, 5, 1, 5, null, 5, 5))).toEqual(['The judge gives the grade 5 to 6 of 7 items: it hardly tells answers apart. Let it compare pairs, or take another judge.']);
  for (const scores of [graded(5, 5, 5, 5), graded(5, 5, 5, 1, 7), graded(null, null), []]) expect(gradeRemarks('', scores)).toEqual([]);
});

/** Judges by the two answers, the first and the second. */
const judgeBy = (decide: (first: string, second: string) => string): AskJudge => (prompts) => Promise.resolve(prompts.map((prompt) => decide(behind(prompt, 'Assistant A, answer 1')!, behind(prompt, 'Assistant B, answer 1')!)));
const items = (count: number) => ({ rows: Array.from({ length: count }, (_, row) => ({ questions: [`Q${row}?`] })), scores: Array.from({ length: count }, (_, row) => scoreOf(`own ${row}`)), baselines: Array.from({ length: count }, (_, row) => [`base ${row}`]) });

test('what wins in both orders has won; where they disagree, or both say tie, it is a tie', async () => {
  const { rows, scores, baselines } = items(4);
  const fair = judgeBy((first, second) => {
    if (/3$/.test(first)) return 'who knows';
    if (/2$/.test(first)) return 'BETTER: TIE';
    const own = /1$/.test(first) ? 'base' : 'own';
    return first.startsWith(own) ? 'BETTER: A' : second.startsWith(own) ? 'BETTER: B' : 'BETTER: TIE';
  });
  const found = await chooseAnswers(rows, scores, baselines, fair);
  expect(found.scores.map(({ values }) => values)).toEqual([
    { win_rate: 1, length_controlled_win_rate: { preference: 1, difference: -1 }, tie_rate: 0, consistency: 1, first_place: 0.5, no_verdict: 0 },
    { win_rate: 0, length_controlled_win_rate: { preference: 0, difference: -1 }, tie_rate: 0, consistency: 1, first_place: 0.5, no_verdict: 0 },
    { win_rate: 0.5, length_controlled_win_rate: { preference: 0.5, difference: -1 }, tie_rate: 1, consistency: 1, first_place: null, no_verdict: 0 },
    { win_rate: null, length_controlled_win_rate: null, tie_rate: null, consistency: null, first_place: null, no_verdict: 1 },
  ]);
  expect(found.remarks).toEqual([]);
  expect(found.scores[0]!.notes).toMatchObject({ baseline: ['base 0'], judge: { 'this model first': { verdict: 'first' }, 'baseline first': { verdict: 'second' } } });
});

test('a judge that goes by the place is found out, and what it says so are ties', async () => {
  const { rows, scores, baselines } = items(12);
  const always = await chooseAnswers(rows, scores, baselines, judgeBy(() => 'BETTER: A'));
  expect(always.scores.every(({ values }) => values!['win_rate'] === 0.5 && values!['consistency'] === 0 && values!['first_place'] === 1)).toBe(true);
  expect(always.remarks).toEqual(['The judge always names the first answer, whichever it is (12 items in both orders): its verdicts say nothing, and all count as ties.']);
  const mostly = await chooseAnswers(rows, scores, baselines, judgeBy((first) => (/ [01]$/.test(first) ? (first.startsWith('own') ? 'BETTER: A' : 'BETTER: B') : 'BETTER: B')));
  expect(mostly.remarks).toEqual(['The judge prefers the second place: of 12 items it names the first answer in both orders for 0, the second for 10 (p = 0.0020); these count as ties.']);
  // Three of four in favour of one place may be chance.
  const few = items(4);
  expect((await chooseAnswers(few.rows, few.scores, few.baselines, judgeBy((first) => (/ 0$/.test(first) ? (first.startsWith('own') ? 'BETTER: A' : 'BETTER: B') : 'BETTER: A')))).remarks).toEqual([]);
});
