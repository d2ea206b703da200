import { Float } from '@tunesmith/tokenizers';
import type { Document } from './documents.js';

/**
 * As the datasets library reads a column of numbers: where one of them is a float all are, so that 1 beside 2.5 is 1.0, in lists and objects too. Documents without such a column stay as they are.
 */
export function unifyNumbers(documents: readonly Document[]): readonly Document[] {
  const floats = new Set<string>();
  const whole = new Set<string>();
  for (const document of documents) visit(document, '', (path, value) => void (isFloat(value) ? floats : whole).add(path));
  return [...floats].some((path) => whole.has(path)) ? documents.map((document) => changed(document, '', floats) as Document) : documents;
}

function isFloat(value: unknown): boolean {
  return value instanceof Float || !Number.isInteger(value);
}

/** Every number inside of a value, with the way to it; items of a list have one way together. */
function visit(value: unknown, path: string, hear: (path: string, value: unknown) => void): void {
  if (typeof value === 'number' || value instanceof Float) hear(path, value);
  else if (Array.isArray(value)) for (const item of value) visit(item, `${path}[]`, hear);
  else if (typeof value === 'object' && value !== null) for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`, hear);
}

function changed(value: unknown, path: string, floats: ReadonlySet<string>): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && floats.has(path) ? new Float(value) : value;
  if (Array.isArray(value)) return value.map((item) => changed(item, `${path}[]`, floats));
  if (typeof value !== 'object' || value === null || value instanceof Float || 'toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, changed(item, `${path}.${key}`, floats)]));
}
