/** The better of two answers, by its place before the judge. */
export type Choice = 'first' | 'second' | 'tie';

/** The grade in the last line of the form `GRADE: 7` (or `7/10`, bold or not): a number from 1 to 10. Undefined where there is none. */
export function readGrade(text: string): number | undefined {
  const grade = Number(lastLine(text, /^\W*grade\W*:\W*(\d+(?:\.\d+)?)(?:\s*\/\s*10)?\W*$/gim) ?? NaN);
  return grade >= 1 && grade <= 10 ? grade : undefined;
}

/** The choice in the last line of the form `BETTER: A`, `BETTER: B` or `BETTER: TIE`. Undefined where there is none. */
export function readChoice(text: string): Choice | undefined {
  const word = lastLine(text, /^\W*better\W*:\W*(a|b|tie)\W*$/gim)?.toLowerCase();
  return word === undefined ? undefined : ({ a: 'first', b: 'second', tie: 'tie' } as const)[word as 'a' | 'b' | 'tie'];
}

function lastLine(text: string, form: RegExp): string | undefined {
  return [...text.matchAll(form)].at(-1)?.[1];
}
