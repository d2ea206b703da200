import { join } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { openTeacher, type TeacherSource } from './open-teacher.js';
import { TeacherJournal, type JournalPlace } from './teacher-journal.js';
import type { Completion, Teacher, TeacherPrompt, TeacherSampling } from './teacher.js';

/** A teacher with its journal: what it was paid for by earlier attempts at the job counts, and is not asked again. */
export class TeacherAccount implements AsyncDisposable {
  private constructor(readonly teacher: Teacher, readonly journal: TeacherJournal) {}

  static async open(source: TeacherSource, place: JournalPlace, role: string, signal: AbortSignal): Promise<TeacherAccount> {
    const journal = await TeacherJournal.open({ ...place, folder: join(place.folder, role) });
    try {
      return new TeacherAccount(await openTeacher(source, { signal, spent: journal.usage.cost }), journal);
    } catch (error) {
      await journal[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In batches that are stored one by one. */
  async ask(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, batch: number, context: WorkContext): Promise<Completion[]> {
    const completions: Completion[] = [];
    for (let start = 0; start < prompts.length; start += batch) completions.push(...(await this.journal.complete(this.teacher, prompts.slice(start, start + batch), sampling, context)));
    return completions;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.teacher[Symbol.asyncDispose]();
    await this.journal[Symbol.asyncDispose]();
  }
}
