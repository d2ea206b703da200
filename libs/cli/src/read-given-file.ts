import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CommandError } from './errors.js';

/** The text of a file that a person named. `what`: the argument or option; `expected`: what should be there. @throws CommandError */
export async function readGivenFile(path: string, what: string, expected: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'there is none' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new CommandError({ message: `${what}: expected ${expected} at ${resolve(path)}; ${found}`, code: code === 'ENOENT' ? 'path-missing' : 'file-unreadable', attempts: [`ls ${resolve(path, '..')}`], facts: { path }, cause });
  }
}
