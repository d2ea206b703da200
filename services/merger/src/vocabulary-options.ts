import type { FuseSpec } from '@tunesmith/contracts';
import type { FuseOptions } from '@tunesmith/fusion';

/** The rules of a request as the fusion has them: only statistics have a score. */
export function vocabularyOptions({ vocabulary, score, unmapped }: Pick<FuseSpec, 'vocabulary' | 'score' | 'unmapped'>): FuseOptions['vocabulary'] {
  return { rule: vocabulary === 'statistics' ? { kind: vocabulary, score } : { kind: vocabulary }, unmapped };
}
