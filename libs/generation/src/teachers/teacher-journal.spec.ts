import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { TeacherJournal } from './teacher-journal.js';
import type { Completion, OnCompletion, Teacher, TeacherPrompt } from './teacher.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const sampling = { maxNewTokens: 8, temperature: 0, topP: 1 };
const prompts = (...texts: string[]): TeacherPrompt[] => texts.map((user, index) => ({ user, seed: index }));

/** Says the question back, and notes what it was asked. It breaks at the question `broken`. */
class Echo implements Teacher {
  readonly name = 'echo';
  readonly asked: string[] = [];

  constructor(readonly independent: boolean) {}

  async complete(some: readonly TeacherPrompt[], _sampling: unknown, _context: unknown, onCompletion?: OnCompletion): Promise<Completion[]> {
    return some.map(({ user }, index) => {
      this.asked.push(user);
      if (user === 'broken') throw new Error('broken');
      const completion: Completion = { text: `${user}!`, finish: 'stop', promptTokens: 1, newTokens: 2, cost: 0.5 };
      onCompletion?.(index, completion);
      return completion;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

let folder: AsyncDisposable & { readonly path: string };
beforeEach(async () => void (folder = await temporaryFolder('journal')));
afterEach(() => folder[Symbol.asyncDispose]());

const textsOf = (completions: readonly Completion[]): string[] => completions.map(({ text }) => text);

test('what was answered is not asked again, in this attempt or the next', async () => {
  const teacher = new Echo(true);
  {
    await using journal = await TeacherJournal.open({ folder: folder.path, writer: 'job.1' });
    expect(textsOf(await journal.complete(teacher, prompts('a', 'b'), sampling, context))).toEqual(['a!', 'b!']);
    expect(textsOf(await journal.complete(teacher, prompts('a', 'b', 'c'), sampling, context))).toEqual(['a!', 'b!', 'c!']);
    expect(journal.usage).toEqual({ completions: 3, promptTokens: 3, newTokens: 6, cost: 1.5 });
  }
  await using next = await TeacherJournal.open({ folder: folder.path, writer: 'job.2' });
  expect(next.found).toBe(3);
  expect(textsOf(await next.complete(teacher, prompts('a', 'b', 'c', 'd'), sampling, context))).toEqual(['a!', 'b!', 'c!', 'd!']);
  expect(teacher.asked).toEqual(['a', 'b', 'c', 'd']);
  expect(next.usage).toMatchObject({ completions: 4, cost: 2 });
  // Another way of drawing is another question.
  await next.complete(teacher, prompts('a'), { ...sampling, temperature: 1 }, context);
  expect(teacher.asked.at(-1)).toBe('a');
});

test('of a batch that broke, answers that stand on their own are kept, others are not', async () => {
  for (const [independent, expected] of [[true, 1], [false, 0]] as const) {
    const place = { folder: join(folder.path, String(independent)), writer: 'job.1' };
    {
      await using journal = await TeacherJournal.open(place);
      await expect(journal.complete(new Echo(independent), prompts('a', 'broken', 'c'), sampling, context)).rejects.toThrow('broken');
    }
    await using next = await TeacherJournal.open({ ...place, writer: 'job.2' });
    expect(next.found).toBe(expected);
  }
});

test('a teacher whose answers depend on the batch is asked for all of it or nothing', async () => {
  const teacher = new Echo(false);
  await using journal = await TeacherJournal.open({ folder: folder.path, writer: 'job.1' });
  await journal.complete(teacher, prompts('a', 'b'), sampling, context);
  await journal.complete(teacher, prompts('a', 'b'), sampling, context);
  expect(teacher.asked).toEqual(['a', 'b']);
  await journal.complete(teacher, prompts('a', 'c'), sampling, context);
  expect(teacher.asked).toEqual(['a', 'b', 'a', 'c']);
});

test('a line that a crash cut off, or that was changed, is left out; the rest is kept', async () => {
  const place = { folder: folder.path, writer: 'job.1' };
  {
    await using journal = await TeacherJournal.open(place);
    await journal.complete(new Echo(true), prompts('a', 'b', 'c'), sampling, context);
  }
  const [name] = await readdir(folder.path);
  const path = join(folder.path, name!);
  const whole = await readFile(path, 'utf8');
  await truncate(path, Buffer.byteLength(whole) - 20);
  {
    // The same name again: its lines begin after the torn one.
    await using again = await TeacherJournal.open(place);
    expect(again.found).toBe(2);
    await again.complete(new Echo(true), prompts('a', 'b', 'c', 'd'), sampling, context);
  }
  await using third = await TeacherJournal.open(place);
  expect(third.found).toBe(4);
  await writeFile(path, whole.replace('"a!"', '"z!"'));
  await appendFile(path, 'what is this\n');
  await using changed = await TeacherJournal.open({ ...place, writer: 'job.3' });
  expect(changed.found).toBe(2);
});
