import type { WorkContext } from '@tunesmith/tensor';
import type { Completion, Teacher } from '../teachers/teacher.js';

export interface TeacherCase {
  /** A teacher whose answer to every question is `answer`. */
  open(): Promise<Teacher>;
  readonly answer: string;
}

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const greedy = { maxNewTokens: 40, temperature: 0, topP: 1 };

/** What every teacher has to do, wherever its answers come from. */
export function describeTeacher(name: string, { open, answer }: TeacherCase): void {
  describe(`a teacher, ${name}`, () => {
    let teacher: Teacher;
    beforeAll(async () => void (teacher = await open()));
    afterAll(() => teacher?.[Symbol.asyncDispose]());

    test('answers in the order of the questions, and tells of each as it comes', async () => {
      const heard = new Map<number, Completion>();
      const prompts = ['One?', 'A much longer question than the first one?', 'Two?'].map((user, seed) => ({ user, seed, ...(seed === 1 && { system: 'Be brief.' }) }));
      const completions = await teacher.complete(prompts, greedy, context, (index, completion) => heard.set(index, completion));
      expect(completions.map(({ text, finish }) => [text, finish])).toEqual(prompts.map(() => [answer, 'stop']));
      expect([...heard].sort(([left], [right]) => left - right).map(([, completion]) => completion)).toEqual(completions);
      for (const { promptTokens, newTokens } of completions) expect(promptTokens > 0 && newTokens > 0).toBe(true);
      expect(teacher.name).not.toBe('');
    });

    test('answers the same again, also with draws and beside other questions', async () => {
      const drawn = { maxNewTokens: 12, temperature: 1, topP: 0.9 };
      const prompt = { user: 'What now?', seed: 9 };
      const [alone] = await teacher.complete([prompt], drawn, context);
      expect(await teacher.complete([prompt], drawn, context)).toEqual([alone]);
      if (teacher.independent) expect((await teacher.complete([{ user: 'Else?', seed: 3 }, prompt], drawn, context))[1]).toEqual(alone);
    });

    test('has nothing to say to nobody', async () => {
      expect(await teacher.complete([], greedy, context)).toEqual([]);
    });

    test('stops when it is told to', async () => {
      const aborted = AbortSignal.abort(new Error('enough'));
      await expect(teacher.complete([{ user: 'One?', seed: 1 }], greedy, { ...context, signal: aborted })).rejects.toThrow('enough');
    });
  });
}
