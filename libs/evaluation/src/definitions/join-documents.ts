import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonValue, showValue, type CallRecord } from '@tunesmith/generation';
import { EvaluationError } from '../evaluation-error.js';
import type { TaskConfig } from '../harness/task-config.js';
import type { Document } from './documents.js';

/** Each document with the fields that another file of the folder, JSON lines, has of it, as `joined` says. @throws EvaluationError `documents-unjoined`, `documents-unreadable`. */
export async function joinDocuments(documents: readonly Document[], { task, joined }: TaskConfig, folder: string): Promise<Document[]> {
  if (joined == null) return [...documents];
  const path = join(folder, joined.file);
  const source = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new EvaluationError({ message: `The task "${task}" reads ${path} beside its documents; ${(cause as Error).message}. Put it into the data folder.`, code: 'documents-unjoined', facts: { task, path }, cause });
  });
  const others = new Map<unknown, Document>();
  for (const [place, line] of source.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      const other = JSON.parse(line) as Document;
      // As text, 5.0 stays 5.0.
      const exact = readJsonValue(line) as CallRecord;
      others.set(other[joined.by], { ...other, ...Object.fromEntries(joined.texts.map((field) => [field, showValue(exact[field] ?? null)])) });
    } catch (cause) {
      throw new EvaluationError({ message: `${path}, line ${place + 1}: ${(cause as Error).message}.`, code: 'documents-unreadable', facts: { path, line: place + 1 }, cause });
    }
  }
  return documents.map((document, place) => {
    const other = others.get(document[joined.by]);
    if (other) return { ...other, ...document };
    throw new EvaluationError({ message: `The task "${task}", document ${place + 1}: ${joined.file} has no line whose ${joined.by} is ${JSON.stringify(document[joined.by])}.`, code: 'documents-unjoined', facts: { task, document: place + 1 } });
  });
}
