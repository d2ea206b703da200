import { stat, readFile } from 'node:fs/promises';
import { FileReadError } from './errors.js';
import { describeFailure } from './random-access-file.js';

/** Larger than any tokenizer.json that is known (Gemma's has 33 MB). */
const largestJsonFile = 256 * 1024 * 1024;

/** Parses a JSON file. Throws FileReadError, naming the file, where it is missing, too large, or not JSON. */
export async function readJsonFile(path: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > largestJsonFile) {
      throw new FileReadError({
        code: 'file-too-large',
        message: `${path} has ${size} bytes; a JSON file here has at most ${largestJsonFile}.`,
        facts: { path, size, limit: largestJsonFile },
      });
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof FileReadError) throw cause;
    throw new FileReadError({ code: 'file-unreadable', message: `Cannot read ${path}: ${describeFailure(cause)}.`, facts: { path }, cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FileReadError({ code: 'file-not-json', message: `${path} is not JSON: ${describeFailure(cause)}.`, facts: { path }, cause });
  }
}

/** JSON as committed files have it: two spaces, a newline at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
