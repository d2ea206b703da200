import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Curve } from './reference-curves.js';

interface ObjectiveReferences {
  readonly dpo: {
    readonly pairs: readonly { readonly prompt: readonly number[]; readonly chosen: readonly number[]; readonly rejected: readonly number[] }[];
    readonly end: number;
    readonly learningRate: number;
    readonly beta: number;
    readonly sigmoid: Curve;
    readonly withSft: Curve;
  };
  readonly distill: {
    readonly rows: readonly { readonly tokenIds: number[]; readonly lossMask: boolean[] }[];
    readonly cases: readonly {
      readonly divergence: 'forward-kl' | 'reverse-kl';
      readonly temperature: number;
      readonly topK: number;
      readonly labelShare: number;
      readonly loss: number;
      readonly gradientNorms: Readonly<Record<string, number>>;
    }[];
  };
}

const fixtures = join(import.meta.dirname, '../../../../tests/parity/fixtures');

/** Made by tests/parity/make-objective-fixtures.py. */
export const objectiveReferences = JSON.parse(readFileSync(join(fixtures, 'objectives/expected.json'), 'utf8')) as ObjectiveReferences;
export const teacherFolder = join(fixtures, 'families/llama-rope-linear');
