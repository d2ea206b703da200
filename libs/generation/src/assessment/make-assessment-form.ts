import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectRows, permutation, type Row } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from '../generation-error.js';
import { openTeacher } from '../teachers/open-teacher.js';
import { blindForm, type AssessedAnswer } from './assessment-form.js';
import { assessmentPage } from './assessment-page.js';

export interface MakeAssessmentFormOptions {
  /** Models whose answers are graded; none: the answers that the rows have, by where the rows come from. */
  readonly models: readonly { readonly label: string; readonly folder: string }[];
  readonly datasetFolder: string;
  /** Questions that every model answers; without models, rows of each origin. */
  readonly items: number;
  readonly maxNewTokens: number;
  readonly seed: number;
  readonly title: string;
  readonly dtype: 'float32' | 'bfloat16';
}

export interface MadeForm {
  readonly form: string;
  readonly items: number;
  readonly groups: readonly string[];
}

export const formFile = 'form.html';
export const keyFile = 'key.json';

/**
 * Writes a form in which people grade answers without knowing whose they are: `form.html` for them, and `key.json`, which tells whose each answer is and stays
 * here. Models answer greedily.
 *
 * @throws GenerationError `nothing-to-assess`
 */
export async function makeAssessmentForm(options: MakeAssessmentFormOptions, outFolder: string, context: WorkContext): Promise<MadeForm> {
  const rows = (await collectRows(options.datasetFolder, { signal: context.signal })).filter(({ messages }) => messages.some(({ role }) => role === 'user'));
  const answers = options.models.length === 0 ? ownAnswers(rows, options) : await answersOf(rows, options, context);
  const blind = blindForm(answers, options.title, options.seed);
  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, formFile), assessmentPage(blind.form));
  await writeFile(join(outFolder, keyFile), `${JSON.stringify(blind, null, 2)}\n`);
  return { form: blind.form.id, items: blind.form.items.length, groups: [...new Set(Object.values(blind.groups))].sort() };
}

async function answersOf(rows: readonly Row[], { models, items, maxNewTokens, seed, dtype }: MakeAssessmentFormOptions, context: WorkContext): Promise<AssessedAnswer[]> {
  const labels = models.map(({ label }) => label);
  if (new Set(labels).size < labels.length) throw new GenerationError({ message: `Expected a label of its own for each model; got ${labels.join(', ')}.`, code: 'labels-repeat' });
  const questions = drawn([...new Set(rows.map(questionOf))], items, seed);
  const answers: AssessedAnswer[] = [];
  for (const { label, folder } of models) {
    await using model = await openTeacher({ kind: 'model', folder, name: label, dtype }, { signal: context.signal, spent: 0 });
    const completions = await model.complete(questions.map((user, place) => ({ user, seed: place })), { maxNewTokens, temperature: 0, topP: 1 }, context);
    answers.push(...questions.map((instruction, place) => ({ instruction, response: completions[place]!.text, group: label })));
  }
  return answers;
}

/** Rows of each origin, as many of each: how LaMini-LM had its generated data graded (2304.14402, section 4). */
function ownAnswers(rows: readonly Row[], { items, seed }: MakeAssessmentFormOptions): AssessedAnswer[] {
  const answered = rows.flatMap((row): AssessedAnswer[] => {
    const response = row.messages.find(({ role }) => role === 'assistant')?.content;
    return response === undefined ? [] : [{ instruction: questionOf(row), response, group: row.origin?.prompt ?? row.tags[0] ?? 'rows' }];
  });
  const groups = [...new Set(answered.map(({ group }) => group))].sort();
  return groups.flatMap((group, place) => drawn(answered.filter((answer) => answer.group === group), items, seed + place));
}

function questionOf({ messages }: Row): string {
  return messages.find(({ role }) => role === 'user')!.content;
}

function drawn<Value>(values: readonly Value[], count: number, seed: number): Value[] {
  return permutation(values.length, seed >>> 0, 0).slice(0, count).map((place) => values[place]!);
}
