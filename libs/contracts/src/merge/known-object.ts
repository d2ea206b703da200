import { z } from 'zod';
import { suggestion } from '../nearest-name.js';
import { shown } from './shown.js';

/** A strict object whose refusal of an unknown key says what is to be done instead, where `advice` has the key, else names the nearest known one, where one is near. */
export function knownObject<Shape extends z.ZodRawShape>(shape: Shape, advice: Readonly<Record<string, string>> = {}) {
  const known = Object.keys(shape);
  const refusal = (key: string): string => (Object.hasOwn(advice, key) ? `unknown key "${key}": ${advice[key]}` : `unknown key "${key}"${suggestion(key, known) || '.'} Known are ${known.join(', ')}`);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map(refusal).join('; ') : issue.code === 'invalid_type' ? `expected keys among ${known.join(', ')}; got ${shown(issue.input)}` : undefined),
  });
}
