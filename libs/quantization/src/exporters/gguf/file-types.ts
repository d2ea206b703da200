import { bf16 } from '../../schemes/bf16.js';
import { f16 } from '../../schemes/f16.js';
import { f32 } from '../../schemes/f32.js';
import type { GgufScheme } from '../../schemes/gguf-scheme.js';
import { iq4_nl } from '../../schemes/iq4_nl.js';
import { q2_k } from '../../schemes/q2_k.js';
import { q3_k } from '../../schemes/q3_k.js';
import { q4_0 } from '../../schemes/q4_0.js';
import { q4_1 } from '../../schemes/q4_1.js';
import { q4_k } from '../../schemes/q4_k.js';
import { q5_0 } from '../../schemes/q5_0.js';
import { q5_1 } from '../../schemes/q5_1.js';
import { q5_k } from '../../schemes/q5_k.js';
import { q6_k } from '../../schemes/q6_k.js';
import { q8_0 } from '../../schemes/q8_0.js';

/** What llama.cpp calls the type of a whole file: most tensors are of one scheme, some of others (`chooseSchemes`). */
export interface GgufFileType {
  readonly name: string;
  /** `general.file_type`: the place in `llama_ftype` of llama.h. */
  readonly number: number;
  /** Of most tensors. */
  readonly scheme: GgufScheme;
}

/** Those that are written here. */
export const ggufFileTypes: readonly GgufFileType[] = [
  { name: 'f32', number: 0, scheme: f32 },
  { name: 'f16', number: 1, scheme: f16 },
  { name: 'bf16', number: 32, scheme: bf16 },
  { name: 'q8_0', number: 7, scheme: q8_0 },
  { name: 'q4_0', number: 2, scheme: q4_0 },
  { name: 'q4_1', number: 3, scheme: q4_1 },
  { name: 'q5_0', number: 8, scheme: q5_0 },
  { name: 'q5_1', number: 9, scheme: q5_1 },
  { name: 'q2_k', number: 10, scheme: q2_k },
  { name: 'q3_k_s', number: 11, scheme: q3_k },
  { name: 'q3_k_m', number: 12, scheme: q3_k },
  { name: 'q3_k_l', number: 13, scheme: q3_k },
  { name: 'q4_k_s', number: 14, scheme: q4_k },
  { name: 'q4_k_m', number: 15, scheme: q4_k },
  { name: 'q5_k_s', number: 16, scheme: q5_k },
  { name: 'q5_k_m', number: 17, scheme: q5_k },
  { name: 'q6_k', number: 18, scheme: q6_k },
  { name: 'iq4_nl', number: 25, scheme: iq4_nl },
];

/** The file type of this name, one of `ggufFileTypes`. */
export function ggufFileType(name: string): GgufFileType {
  const found = ggufFileTypes.find((type) => type.name === name);
  if (found === undefined) throw new Error(`there is no GGUF file type ${name}`);
  return found;
}
