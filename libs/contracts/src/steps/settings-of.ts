import { z } from 'zod';
import type { StepKind } from './step-kind.js';

/**
 * The schema of each key of a step's `with`. Where the kind's specification is one of several, told apart by a key such as `kind`, that of the one that
 * `config` names; undefined where it names none of them.
 */
export function settingsOf({ spec }: Pick<StepKind, 'spec'>, config: Readonly<Record<string, unknown>>): Readonly<Record<string, z.ZodType>> | undefined {
  if (spec instanceof z.ZodObject) return spec.shape as Record<string, z.ZodType>;
  if (!(spec instanceof z.ZodDiscriminatedUnion)) return undefined;
  const { discriminator } = spec.def;
  for (const option of spec.options) {
    const own = option instanceof z.ZodObject ? (option.shape as Record<string, z.ZodType>) : undefined;
    if (own?.[discriminator]?.safeParse(config[discriminator]).success) return own;
  }
  return undefined;
}
