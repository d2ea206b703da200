import { GenerationError } from '../generation-error.js';
import { grades, type Grade } from '../synthesis/judge.js';
import { cohenKappa, fleissKappa } from './agreement.js';
import type { BlindForm } from './assessment-form.js';

/** What one rater handed in. */
export interface RaterGrades {
  readonly form: string;
  readonly rater: string;
  readonly grades: Readonly<Record<string, Grade>>;
}

export type GradeCounts = Readonly<Record<Grade, number>>;

export interface AssessmentReport {
  readonly form: string;
  readonly items: number;
  readonly raters: readonly { readonly rater: string; readonly graded: number; readonly counts: GradeCounts }[];
  /** Grades of each group, all raters together, the best first. */
  readonly groups: readonly { readonly group: string; readonly items: number; readonly counts: GradeCounts }[];
  readonly agreement: {
    /** Of each pair of raters, over the items that both graded; null where kappa says nothing. */
    readonly cohen: readonly { readonly raters: readonly [string, string]; readonly items: number; readonly agreed: number; readonly kappa: number | null }[];
    /** Of all raters, over the items that all graded. */
    readonly fleiss: { readonly items: number; readonly kappa: number | null } | null;
  };
}

/** Reads what a rater's file holds. @throws GenerationError `grades-invalid` naming the file and everything that is wrong. */
export function parseGrades(text: string, file: string, { form }: BlindForm): RaterGrades {
  const wrong: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
  }
  const { form: id, rater, grades: given } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const known = new Set(form.items.map((item) => item.id));
  if (wrong.length === 0) {
    if (id !== form.id) wrong.push(`it belongs to the form ${JSON.stringify(id)}, not to ${form.id}`);
    if (typeof rater !== 'string' || rater.trim() === '') wrong.push('it has no rater');
    if (typeof given !== 'object' || given === null || Array.isArray(given)) wrong.push('it has no grades');
    else {
      for (const [item, grade] of Object.entries(given)) {
        if (!known.has(item)) wrong.push(`the form has no item ${item}`);
        else if (!grades.some((each) => each === grade)) wrong.push(`${item}: expected A, B, C or D; got ${JSON.stringify(grade)}`);
      }
      if (Object.keys(given).length === 0) wrong.push('nothing is graded');
    }
  }
  if (wrong.length === 0) return { form: form.id, rater: (rater as string).trim(), grades: given as RaterGrades['grades'] };
  throw new GenerationError({ message: `${file}: expected {"form","rater","grades"} as the form's page writes it; ${wrong.slice(0, 5).join('; ')}${wrong.length > 5 ? `; and ${wrong.length - 5} more` : ''}.`, code: 'grades-invalid', facts: { file, problems: wrong } });
}

/** Counts grades by group and says how far raters agree. @throws GenerationError `grades-invalid` where two files are of one rater. */
export function assessGrades({ form, groups }: BlindForm, files: readonly RaterGrades[]): AssessmentReport {
  const twice = files.find(({ rater }, index) => files.findIndex((other) => other.rater === rater) !== index);
  if (twice || files.length === 0) throw new GenerationError({ message: twice ? `Expected one file of each rater; ${twice.rater} has several.` : 'Expected the grades of at least one rater; got none.', code: 'grades-invalid' });
  const raters = [...files].sort((left, right) => (left.rater < right.rater ? -1 : 1));
  const gradesIn = (ids: readonly string[]): Grade[] => raters.flatMap((rater) => ids.flatMap((id) => (rater.grades[id] ? [rater.grades[id]] : [])));
  const names = [...new Set(Object.values(groups))];
  const byGroup = names.map((group) => {
    const ids = form.items.map(({ id }) => id).filter((id) => groups[id] === group);
    return { group, items: ids.length, counts: countsOf(gradesIn(ids)) };
  });
  const pairs = raters.flatMap((left, index) => raters.slice(index + 1).map((right) => [left, right] as const));
  const common = form.items.map(({ id }) => id).filter((id) => raters.every((rater) => rater.grades[id]));
  return {
    form: form.id,
    items: form.items.length,
    raters: raters.map((rater) => ({ rater: rater.rater, graded: Object.keys(rater.grades).length, counts: countsOf(Object.values(rater.grades)) })),
    groups: byGroup.sort((left, right) => meanPoints(right.counts) - meanPoints(left.counts) || (left.group < right.group ? -1 : 1)),
    agreement: {
      cohen: pairs.map(([left, right]) => {
        const both = form.items.flatMap(({ id }): [Grade, Grade][] => (left.grades[id] && right.grades[id] ? [[left.grades[id], right.grades[id]]] : []));
        return { raters: [left.rater, right.rater], items: both.length, agreed: both.filter(([one, other]) => one === other).length, kappa: rounded(cohenKappa(both)) };
      }),
      fleiss: raters.length < 2 ? null : { items: common.length, kappa: rounded(fleissKappa(common.map((id) => grades.map((grade) => raters.filter((rater) => rater.grades[id] === grade).length)))) },
    },
  };
}

function countsOf(found: readonly Grade[]): GradeCounts {
  return { A: 0, B: 0, C: 0, D: 0, ...Object.fromEntries(grades.map((grade) => [grade, found.filter((each) => each === grade).length])) };
}

/** Three points for an A down to none for a D: only the order of the groups hangs on it. */
function meanPoints(counts: GradeCounts): number {
  const total = grades.reduce((sum, grade) => sum + counts[grade], 0);
  return total === 0 ? -1 : grades.reduce((sum, grade, place) => sum + counts[grade] * (3 - place), 0) / total;
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toFixed(4));
}
