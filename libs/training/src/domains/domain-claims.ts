import type { ComparedArm } from './compare-domains.js';

/** Something that an experiment with domains is to show or refute. */
export type DomainClaim =
  /** The mean held-out loss over all domains is no higher. */
  | { readonly kind: 'mean-loss'; readonly arm: string; readonly against: string }
  /** The others forget less, by a part of what they forget in `against`, at so much of its gain on the target. */
  | { readonly kind: 'less-forgetting'; readonly arm: string; readonly against: string; readonly less: number; readonly gain: number };

export interface DomainVerdict {
  readonly claim: string;
  /** Null where the figures can say neither. */
  readonly holds: boolean | null;
  readonly because: string;
}

/** Judges by the means over seeds; how few seeds there are is said. */
export function decideClaim(claim: DomainClaim, arms: readonly ComparedArm[], target: string | undefined): DomainVerdict {
  const [arm, against] = [claim.arm, claim.against].map((name) => arms.find((each) => each.name === name)!) as [ComparedArm, ComparedArm];
  const verdict = claim.kind === 'mean-loss' ? decideMeanLoss(arm, against) : decideForgetting(claim, arm, against, target);
  const seeds = Math.min(arm.seeds, against.seeds);
  return verdict.holds === null || seeds > 1 ? verdict : { ...verdict, because: `${verdict.because}; one seed, so it may be chance` };
}

function decideMeanLoss(arm: ComparedArm, against: ComparedArm): DomainVerdict {
  const apart = arm.meanLoss.mean - against.meanLoss.mean;
  return {
    claim: `${arm.name} is at least as good as ${against.name} on the mean of all domains`,
    holds: apart <= 0,
    because: `mean held-out loss ${arm.meanLoss.mean.toFixed(4)} against ${against.meanLoss.mean.toFixed(4)}`,
  };
}

function decideForgetting({ less, gain }: Extract<DomainClaim, { kind: 'less-forgetting' }>, arm: ComparedArm, against: ComparedArm, target: string | undefined): DomainVerdict {
  const claim = `${arm.name} has at least ${percent(less)} less forgetting of the other domains than ${against.name}, at ${percent(gain)} of its gain on ${target ?? 'the target'}`;
  const [gained, kept] = [against.targetGain?.mean, arm.targetGain?.mean];
  const [forgotten, forgets] = [against.forgetting?.mean, arm.forgetting?.mean];
  if (gained === undefined || kept === undefined || forgotten === undefined || forgets === undefined) return { claim, holds: null, because: 'no target is named' };
  if (gained <= 0) return { claim, holds: null, because: `${against.name} gains nothing on ${target} (${percent(gained)}), so there is no gain to keep; train it longer, or at a higher rate` };
  if (forgotten <= 0) return { claim, holds: null, because: `${against.name} forgets nothing of the others, so nothing can be less; train it longer, or at a higher rate` };
  return {
    claim,
    holds: kept >= gain * gained && forgets <= (1 - less) * forgotten,
    because: `it keeps ${percent(kept / gained)} of the gain (${percent(kept)} against ${percent(gained)}) and forgets ${percent(forgets)} against ${percent(forgotten)}, which is ${percent(Math.abs(1 - forgets / forgotten))} ${forgets <= forgotten ? 'less' : 'more'}`,
  };
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(1))} %`;
}
