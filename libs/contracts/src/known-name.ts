import { z } from 'zod';
import { suggestion } from './nearest-name.js';

/** A text that is one of `known`; a refusal lists them all and says which one was most likely meant. `what`: such as "a merge method". */
export function knownName(what: string, known: readonly string[], isSame: (given: string, name: string) => boolean = (given, name) => given === name) {
  return z.string().refine((given) => known.some((name) => isSame(given, name)), { error: ({ input }) => `expected ${what} among ${known.join(', ')}; got "${String(input)}"${suggestion(String(input), known)}` });
}
