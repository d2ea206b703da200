import type { WorkContext } from '@tunesmith/tensor';
import { GenerationError } from '../generation-error.js';
import type { TeacherPrompt } from '../teachers/teacher.js';

/** The grades of LaMini-LM's assessment (2304.14402, section 5): A satisfies, B has small faults, C serious ones, D is no answer. */
export const grades = ['A', 'B', 'C', 'D'] as const;
export type Grade = (typeof grades)[number];

export interface JudgedPair {
  readonly instruction: string;
  readonly response: string;
}

/** Asks one model of several prompts; the texts in their order. */
export type AskJudge = (prompts: readonly TeacherPrompt[], context: WorkContext) => Promise<readonly string[]>;

/** Right and wrong answers to the same questions: a judge that grades them alike judges nothing. */
const controls: readonly (JudgedPair & { readonly right: boolean })[] = [
  ['What is two plus three?', 'Five.', 'Bananas are yellow.'],
  ['Name the capital of France.', 'The capital of France is Paris.', 'A chair has four legs.'],
  ['Write one sentence about the sea.', 'The sea was calm and grey that morning.', 'I will not do that.'],
  ['Which is larger, a mouse or an elephant?', 'An elephant is larger.', 'Blue blue blue blue.'],
].flatMap(([instruction, right, wrong]) => [{ instruction: instruction!, response: right!, right: true }, { instruction: instruction!, response: wrong!, right: false }]);

export interface JudgeCalibration {
  /** Right answers that it keeps, and wrong ones, of how many each. */
  readonly keptRight: number;
  readonly keptWrong: number;
  readonly of: number;
  readonly grades: Readonly<Record<string, number>>;
}

/** Grades pairs by asking a model. One that says no grade has not kept the pair. */
export class Judge {
  constructor(
    private readonly ask: AskJudge,
    private readonly keep: readonly Grade[],
    private readonly seed: number,
  ) {}

  /** The grade of each pair, undefined where the judge said none. */
  async grade(pairs: readonly JudgedPair[], context: WorkContext): Promise<(Grade | undefined)[]> {
    const answers = await this.ask(pairs.map((pair) => ({ user: judgePrompt(pair), seed: this.seed })), context);
    return answers.map(parseGrade);
  }

  keeps(grade: Grade | undefined): boolean {
    return grade !== undefined && this.keep.includes(grade);
  }

  /**
   * Grades right and wrong answers whose grades are known.
   *
   * @throws GenerationError `judge-says-one-label` where all grades are the same, `judge-cannot-tell` where it keeps no more right than wrong answers.
   */
  async calibrate(context: WorkContext): Promise<JudgeCalibration> {
    const found = await this.grade(controls, context);
    const counts = new Map<string, number>();
    for (const grade of found) counts.set(grade ?? 'none', (counts.get(grade ?? 'none') ?? 0) + 1);
    const kept = (right: boolean): number => controls.filter((control, index) => control.right === right && this.keeps(found[index])).length;
    const calibration = { keptRight: kept(true), keptWrong: kept(false), of: controls.length / 2, grades: Object.fromEntries([...counts].sort()) };
    if (counts.size === 1) {
      throw new GenerationError({
        message: `The judge says ${[...counts.keys()][0] === 'none' ? 'no grade at all' : `"${[...counts.keys()][0]}"`} of every answer, of right and of wrong ones: it cannot judge. Choose a stronger model, or leave the judge out.`,
        code: 'judge-says-one-label',
        facts: { ...calibration },
      });
    }
    if (calibration.keptRight <= calibration.keptWrong) {
      throw new GenerationError({
        message: `The judge keeps ${calibration.keptRight} of ${calibration.of} right answers and ${calibration.keptWrong} of ${calibration.of} wrong ones: it cannot tell them apart. Choose a stronger model, or leave the judge out.`,
        code: 'judge-cannot-tell',
        facts: { ...calibration },
      });
    }
    return calibration;
  }
}

function judgePrompt({ instruction, response }: JudgedPair): string {
  return [
    'Grade the answer to the instruction below.',
    'A: right, and all that was asked. B: right but for small faults. C: on the subject, but with serious faults. D: wrong, beside the point, or no answer.',
    '',
    `Instruction: ${instruction}`,
    '',
    `Answer: ${response}`,
    '',
    'Reply with the letter of the grade and nothing else.',
  ].join('\n');
}

/** The first letter from A to D that stands alone. */
export function parseGrade(text: string): Grade | undefined {
  const found = /(?:^|[^\p{L}\p{N}])([A-D])(?![\p{L}\p{N}'’])/u.exec(text)?.[1];
  return grades.find((grade) => grade === found);
}
