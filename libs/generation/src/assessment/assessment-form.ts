import { createHash } from 'node:crypto';
import { counterUniform } from '@tunesmith/datasets';
import { GenerationError } from '../generation-error.js';

/** One answer to be graded. */
export interface AssessedAnswer {
  readonly instruction: string;
  readonly response: string;
  /** Who gave it: a model's label, or the source of a row. Raters never see it. */
  readonly group: string;
}

/** What raters see of an answer. */
export interface FormItem {
  readonly id: string;
  readonly instruction: string;
  readonly response: string;
}

export interface AssessmentForm {
  /** Of the items and their order: grades say which form they belong to. */
  readonly id: string;
  readonly title: string;
  readonly items: readonly FormItem[];
}

/** A form, and beside it what may not be in it: whose each item is. */
export interface BlindForm {
  readonly form: AssessmentForm;
  readonly groups: Readonly<Record<string, string>>;
}

const stream = 131;

/**
 * Puts answers into an order that tells nothing: answers to the same instruction stand together, so that raters compare like with like, in an order of
 * their own each time. Ids are digests with the seed, which nobody can turn back into a group.
 *
 * @throws GenerationError `nothing-to-assess`
 */
export function blindForm(answers: readonly AssessedAnswer[], title: string, seed: number): BlindForm {
  if (answers.length === 0) throw new GenerationError({ message: 'Expected answers to assess; there is none.', code: 'nothing-to-assess' });
  const instructions = [...new Set(answers.map(({ instruction }) => instruction))];
  const places = answers.map((answer, place) => ({ answer, block: counterUniform(seed, stream, instructions.indexOf(answer.instruction)), within: counterUniform(seed, stream + 1, place), place }));
  places.sort((left, right) => left.block - right.block || left.within - right.within);
  const groups: Record<string, string> = {};
  const items = places.map(({ answer: { instruction, response, group }, place }): FormItem => {
    const id = digest(JSON.stringify([seed, place, instruction, response])).slice(0, 12);
    groups[id] = group;
    return { id, instruction, response };
  });
  return { form: { id: digest(JSON.stringify([title, items])).slice(0, 16), title, items }, groups };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
