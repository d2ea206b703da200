import type { Row } from '@tunesmith/datasets';
import { lengthControlledWinRate } from '../aggregations/length-controlled.js';
import { meanWhereScored } from '../aggregations/means.js';
import { EvaluationError } from '../evaluation-error.js';
import { chooseAnswers } from '../judging/choose-answers.js';
import { answersOf, gradeAnswers, gradeRemarks, type JudgedRow } from '../judging/grade-answers.js';
import type { ItemScore, JudgedItems, MetricColumn, PlannedTask } from '../planned-task.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import type { EvaluationTask } from '../task.js';
import { heldOutRows, type RowTaskSettings } from './held-out-rows.js';

/** `single`: each answer is graded from 1 to 10. `pairwise`: it is held against that of the model compared with, else against that of the row. */
export interface JudgeSettings extends RowTaskSettings {
  readonly mode?: 'single' | 'pairwise';
  /** Whether the judge is shown the answers of the row as right ones. */
  readonly reference?: boolean;
}

const defaultMaxNewTokens = 512;

/** Another model judges what the model answers to the questions of held-out rows, each question of a conversation in turn. */
export const judge: EvaluationTask<JudgeSettings> = {
  kind: 'judge',

  async plan(settings, sources, options) {
    const { name, tag, mode = 'single', reference = false, maxNewTokens = defaultMaxNewTokens } = settings;
    const rows = await heldOutRows(settings, sources, options);
    const byRow = mode === 'pairwise' && options.compared !== true;
    if (byRow && reference) throw new EvaluationError({ message: `The task "${name}" shows the judge the answers of the rows as right ones, and they are what the model is held against. Give the model to compare with, or leave out the reference.`, code: 'judge-reference-is-baseline', facts: { task: name } });
    const known = rows.map((row, index) => {
      const answers = row.messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
      const questions = row.messages.filter(({ role }) => role === 'user').map(({ content }) => content);
      if (questions.length === 0) throw new EvaluationError({ message: `Row ${index + 1} of the task "${name}" asks nothing. Use rows of conversations.`, code: 'row-without-question', facts: { task: name, row: index + 1 } });
      if ((byRow || reference) && answers.length < questions.length) throw missingAnswer(name, index, byRow);
      return { questions, answers };
    });
    const judged = known.map(({ questions, answers }): JudgedRow => ({ questions, ...(reference && { references: answers }) }));
    const task: PlannedTask = {
      name,
      about: { kind: 'judge', tag, mode, ...(reference && { reference }) },
      items: rows.map((row, index) => ({
        index,
        prompt: known[index]!.questions.join('\n\n'),
        target: byRow || reference ? known[index]!.answers : null,
        requests: [{ kind: 'conversation', ...systemOf(row), questions: known[index]!.questions, maxNewTokens }],
      })),

      score(_item, [result]) {
        const { answers } = result as RequestResults['conversation'];
        return { prediction: answers.length === 1 ? answers[0] : answers, logProbs: [], metrics: {} };
      },

      async judged({ scores, against }, ask): Promise<JudgedItems> {
        if (mode === 'pairwise') {
          const found = await chooseAnswers(judged, scores, byRow ? known.map(({ answers }) => answers) : against!.map(answersOf), ask);
          return { scores: found.scores, remarks: [...missingRemarks('', found.scores), ...found.remarks] };
        }
        const own = await gradeAnswers(judged, scores, ask);
        const others = against && (await gradeAnswers(judged, against, ask));
        return { scores: own, ...(others && { against: others }), remarks: [...ofGrades('', own), ...(others ? ofGrades(' of the model compared with', others) : [])] };
      },

      columns,
    };
    return { tasks: [task], groups: [] };
  },
};

/** Without those that no item has a verdict for: they have no number. */
function columns(scores: readonly ItemScore[]): MetricColumn[] {
  const names = [...new Set(scores.flatMap(({ values = {} }) => Object.keys(values)))];
  return names.map((name) => ({ name, values: scores.map(({ values }) => values?.[name] ?? null), aggregation: name === lengthControlledWinRate.name ? lengthControlledWinRate : meanWhereScored })).filter(({ values }) => values.some((value) => value !== null));
}

function ofGrades(whose: string, scores: readonly ItemScore[]): string[] {
  return [...missingRemarks(whose, scores), ...gradeRemarks(whose, scores)];
}

function missingRemarks(whose: string, scores: readonly ItemScore[]): string[] {
  const missing = scores.filter(({ metrics }) => metrics['no_verdict'] === 1).length;
  return missing === 0 ? [] : [`The judge gave no verdict in form, though asked twice, for ${missing} of ${scores.length} items${whose}: they count for nothing.`];
}

function systemOf({ messages: [first] }: Row): { system?: string } {
  return first?.role === 'system' ? { system: first.content } : {};
}

function missingAnswer(task: string, index: number, byRow: boolean): EvaluationError {
  return new EvaluationError({
    message: `Row ${index + 1} of the task "${task}" has no answer to one of its questions, and ${byRow ? 'the model is held against it. Give a model to compare with, or complete the dataset' : 'the judge is to see it. Leave out the reference, or complete the dataset'}.`,
    code: 'row-without-answer',
    facts: { task, row: index + 1 },
  });
}
