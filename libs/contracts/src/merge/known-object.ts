import { z } from 'zod';
import { suggestion } from '../nearest-name.js';

/** A strict object whose refusal of an unknown key names the nearest known one, where one is near. */
export function knownObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => `unknown key "${key}"${suggestion(key, known) || '.'} Known are ${known.join(', ')}`).join('; ') : undefined),
  });
}
