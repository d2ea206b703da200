import { z } from 'zod';

/** By domain: parts of a whole. How far the sum may be from one is said by `domainWeights` of libs/datasets, which checks it again. */
export const DomainShares = z
  .record(z.string().min(1), z.number().min(0).max(1))
  .refine((shares) => Object.keys(shares).length > 0, 'expected at least one domain')
  .refine((shares) => Math.abs(Object.values(shares).reduce((sum, share) => sum + share, 0) - 1) <= 1e-5, {
    error: ({ input }) => {
      const sum = Number(Object.values(input as Record<string, number>).reduce((total, share) => total + share, 0).toPrecision(8));
      return `expected numbers that sum to 1; they sum to ${sum}${sum > 0 ? `: divide each by ${sum}` : ''}`;
    },
  });

/** uniform, inverse and detected need nothing, shares and shares (VersaTune's baselines and its constant composition); or given. */
export const DomainWeights = z.enum(['uniform', 'inverse', 'detected']).or(DomainShares);

/** Whether shares are given where weights need them, and only there; for `.refine` of a specification with both. */
export function sharesFit({ weights, shares, detection }: { weights: z.infer<typeof DomainWeights>; shares?: unknown; detection?: unknown }): boolean {
  const given = [shares, detection].filter((each) => each !== undefined).length;
  return given === (weights === 'inverse' || weights === 'detected' ? 1 : 0);
}

export const sharesProblem = 'expected either a detection or shares beside the weights inverse and detected, and neither beside others';
