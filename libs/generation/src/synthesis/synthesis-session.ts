import type { WorkContext, WorkProgress } from '@tunesmith/tensor';
import { TeacherAccount } from '../teachers/teacher-account.js';
import { TeacherError } from '../teachers/teacher-error.js';
import type { Completion, Teacher, TeacherPrompt, TeacherSampling } from '../teachers/teacher.js';
import { Judge, type JudgeCalibration } from './judge.js';
import type { AnsweringOptions } from './synthesis-options.js';
import type { SynthesisReport } from './synthesis-report.js';

/** A grade is a letter; some models say a word before it. */
const judgeSampling: TeacherSampling = { maxNewTokens: 8, temperature: 0, topP: 1 };

/** The teacher and the judge of one job, open. */
export class SynthesisSession implements AsyncDisposable {
  private constructor(
    private readonly own: TeacherAccount,
    private readonly judging: TeacherAccount | undefined,
    private readonly batch: number,
    readonly judge: Judge | undefined,
    private readonly calibration: JudgeCalibration | undefined,
  ) {}

  /** Opens both and calibrates the judge, before anything is generated. */
  static async open({ teacher, judge, journal, batch, seed }: AnsweringOptions, context: WorkContext): Promise<SynthesisSession> {
    await using opened = new AsyncDisposableStack();
    const own = opened.use(await TeacherAccount.open(teacher, journal, 'teacher', context.signal));
    const judging = judge && opened.use(await TeacherAccount.open(judge.model, journal, 'judge', context.signal));
    const asks = judging && new Judge(async (prompts, within) => (await judging.ask(prompts, judgeSampling, batch, within)).map(({ text }) => text), judge.keep, seed);
    const calibration = await asks?.calibrate(context);
    opened.move();
    return new SynthesisSession(own, judging, batch, asks, calibration);
  }

  get teacher(): Teacher {
    return this.own.teacher;
  }

  ask(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext): Promise<Completion[]> {
    return this.own.ask(prompts, sampling, this.batch, context);
  }

  /** Does the work; where the spending cap ends it, what was paid for is not lost. */
  async untilSpent<Reason>(work: () => Promise<Reason>): Promise<Reason | 'spending-cap'> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TeacherError && error.code === 'spending-cap-reached') return 'spending-cap';
      throw error;
    }
  }

  /** Progress as rows of the whole job. */
  within({ signal, onProgress }: WorkContext, done: number, total: number): WorkContext {
    return { signal, onProgress: ({ phase }: WorkProgress) => onProgress({ phase, done, total, unit: 'rows' }) };
  }

  accounts(): Pick<SynthesisReport, 'judge' | 'usage'> {
    const { own, judging, calibration } = this;
    return {
      ...(judging && calibration && { judge: { model: judging.teacher.name, calibration } }),
      usage: { teacher: own.journal.usage, ...(judging && { judge: judging.journal.usage }) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.own[Symbol.asyncDispose]();
    await this.judging?.[Symbol.asyncDispose]();
  }
}
