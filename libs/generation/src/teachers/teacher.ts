import type { WorkContext } from '@tunesmith/tensor';

/** One question to a teacher. */
export interface TeacherPrompt {
  /** What the teacher is told about its task. */
  readonly system?: string;
  readonly user: string;
  /** Decides the draws: the same prompt with the same seed gets the same answer, whatever else is asked beside it. */
  readonly seed: number;
}

/** How answers are drawn: the same for all prompts of a batch. */
export interface TeacherSampling {
  readonly maxNewTokens: number;
  /** 0 takes the likeliest token. */
  readonly temperature: number;
  readonly topP: number;
}

/** Hears of each completion as soon as it is there, by the place of its prompt. */
export type OnCompletion = (index: number, completion: Completion) => void;

export interface Completion {
  /** May be empty: a teacher may have nothing to say. */
  readonly text: string;
  /** Whether the teacher ended it, or the limit did. */
  readonly finish: 'stop' | 'length';
  readonly promptTokens: number;
  readonly newTokens: number;
  /** In the currency of the prices; absent where the teacher costs nothing. */
  readonly cost?: number;
}

/** What a teacher was asked for and what it took, summed over completions. */
export interface TeacherUsage {
  readonly completions: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly cost: number;
}

export const noUsage: TeacherUsage = { completions: 0, promptTokens: 0, newTokens: 0, cost: 0 };

export function addUsage(usage: TeacherUsage, { promptTokens, newTokens, cost = 0 }: Completion): TeacherUsage {
  return { completions: usage.completions + 1, promptTokens: usage.promptTokens + promptTokens, newTokens: usage.newTokens + newTokens, cost: usage.cost + cost };
}

/** A model that answers: one of ours, a GGUF in llama.cpp, or one behind an address. */
export interface Teacher extends AsyncDisposable {
  /** What rows and reports call it. */
  readonly name: string;
  /**
   * Whether each answer is of its prompt alone. Where it is not (in bfloat16 the last bits depend on the batch), a batch is asked again whole or not
   * at all, so that an interrupted job ends with the bytes of one that was not.
   */
  readonly independent: boolean;
  /**
   * Answers prompts side by side, in the order of the prompts.
   *
   * @throws TeacherError; what `context.signal` was aborted with.
   */
  complete(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext, onCompletion?: OnCompletion): Promise<Completion[]>;
}
