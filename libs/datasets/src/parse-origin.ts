import { isObject } from './formats/messages.js';
import type { RowOrigin } from './row.js';

const keys = ['source', 'teacher', 'prompt', 'seeds', 'topics', 'samplingSeed'];

/** The origin that a row from outside tells; undefined where it is none. */
export function parseOrigin(value: unknown): RowOrigin | undefined {
  if (!isObject(value) || Object.keys(value).some((key) => !keys.includes(key))) return undefined;
  const { source, teacher, prompt, seeds, topics, samplingSeed } = value;
  const isText = (each: unknown): each is string => typeof each === 'string' && each !== '';
  const isCount = (each: unknown): each is number => typeof each === 'number' && Number.isSafeInteger(each) && each >= 0;
  if (!isText(source) || !optional(teacher, isText) || !optional(prompt, isText) || !optional(samplingSeed, isCount) || !optional(seeds, listOf(isCount)) || !optional(topics, listOf(isText))) return undefined;
  return {
    source,
    ...(teacher !== undefined && { teacher }),
    ...(prompt !== undefined && { prompt }),
    ...(seeds !== undefined && { seeds }),
    ...(topics !== undefined && { topics }),
    ...(samplingSeed !== undefined && { samplingSeed }),
  };
}

function optional<Value>(value: unknown, is: (each: unknown) => each is Value): value is Value | undefined {
  return value === undefined || is(value);
}

function listOf<Value>(is: (each: unknown) => each is Value): (value: unknown) => value is Value[] {
  return (value): value is Value[] => Array.isArray(value) && value.every(is);
}
