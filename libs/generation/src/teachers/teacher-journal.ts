import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { addUsage, noUsage, type Completion, type Teacher, type TeacherPrompt, type TeacherSampling, type TeacherUsage } from './teacher.js';

export interface JournalPlace {
  /** Outlives an attempt. */
  readonly folder: string;
  /** This attempt's own: another that still runs writes elsewhere. */
  readonly writer: string;
}

interface Entry {
  readonly key: string;
  readonly completion: Completion;
}

/**
 * What a teacher has answered, on disk as soon as it is there: asked the same again, also by the next attempt at the job, it is read and not generated.
 * A file holds lines `SHA-256 of the rest, space, JSON`; the line that a crash cut off is not what its digest says, and is left out.
 */
export class TeacherJournal implements AsyncDisposable {
  private total: TeacherUsage = noUsage;
  private written: Promise<void> = Promise.resolve();
  /** Completions that earlier attempts had left. */
  readonly found: number;

  private constructor(
    private readonly answers: Map<string, Completion>,
    private readonly file: FileHandle,
  ) {
    for (const completion of answers.values()) this.total = addUsage(this.total, completion);
    this.found = answers.size;
  }

  static async open({ folder, writer }: JournalPlace): Promise<TeacherJournal> {
    await mkdir(folder, { recursive: true });
    const answers = new Map<string, Completion>();
    for (const name of (await readdir(folder)).filter((each) => each.endsWith('.journal')).sort()) {
      for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
        const entry = readLine(line);
        if (entry) answers.set(entry.key, entry.completion);
      }
    }
    const file = await open(join(folder, `${writer}.journal`), 'a');
    // Ends a line that a crash cut off.
    await file.appendFile('\n');
    return new TeacherJournal(answers, file);
  }

  /** Everything that the teacher was ever asked for this job, earlier attempts included. */
  get usage(): TeacherUsage {
    return this.total;
  }

  /**
   * Answers prompts as the teacher does, those that stand here without it. A teacher whose answers depend on the batch is asked for the whole batch
   * or for nothing.
   */
  async complete(teacher: Teacher, prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext): Promise<Completion[]> {
    const batch = teacher.independent ? '' : digest(JSON.stringify(prompts));
    const keys = prompts.map((prompt) => digest(JSON.stringify([teacher.name, batch, sampling, prompt])));
    const missing = [...keys.keys()].filter((place) => !this.answers.has(keys[place]!));
    const wanted = teacher.independent || missing.length === 0 ? missing : [...keys.keys()];
    const writing: Promise<void>[] = [];
    if (wanted.length > 0) {
      const noteOne = teacher.independent ? (index: number, completion: Completion): void => void writing.push(this.append([{ key: keys[wanted[index]!]!, completion }])) : undefined;
      try {
        const completions = await teacher.complete(wanted.map((place) => prompts[place]!), sampling, context, noteOne);
        if (!teacher.independent) writing.push(this.append(completions.map((completion, index) => ({ key: keys[wanted[index]!]!, completion }))));
      } finally {
        await Promise.all(writing);
      }
    }
    return keys.map((key) => this.answers.get(key)!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }

  /** On disk when it resolves. */
  private append(entries: readonly Entry[]): Promise<void> {
    for (const { key, completion } of entries) {
      this.answers.set(key, completion);
      this.total = addUsage(this.total, completion);
    }
    const lines = entries.map((entry) => JSON.stringify(entry)).map((text) => `${digest(text)} ${text}\n`);
    this.written = this.written.then(async () => {
      await this.file.appendFile(lines.join(''));
      await this.file.datasync();
    });
    return this.written;
  }
}

function readLine(line: string): Entry | undefined {
  const space = line.indexOf(' ');
  const text = line.slice(space + 1);
  return space > 0 && digest(text) === line.slice(0, space) ? (JSON.parse(text) as Entry) : undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
