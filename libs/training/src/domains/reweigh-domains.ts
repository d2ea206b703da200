import type { DomainShares } from '@tunesmith/datasets';
import type { DomainSchedule, UpdateOptions } from './domain-options.js';

/** What a domain schedule sees at an evaluation; everything by domain. */
export interface DomainState {
  /** Shares of the round that ends here. */
  readonly weights: DomainShares;
  /** Held-out losses now. */
  readonly losses: Readonly<Record<string, number>>;
  /** At the evaluation before this one; absent at the first. */
  readonly earlier?: Readonly<Record<string, number>>;
  /** What each loss could come down to. */
  readonly references: Readonly<Record<string, number>>;
}

/** gamma = max((l - l_ref) / l, 0): how much of its loss a domain could still lose (VersaTune, arXiv 2411.11266). */
export function learnablePotential(loss: number, reference: number): number {
  return loss > 0 ? Math.max((loss - reference) / loss, 0) : 0;
}

/** phi = max((l(t) - l(t-1)) / l(t-1), 0): how much a domain lost since the evaluation before. */
export function forgettingDegree(loss: number, earlier: number | undefined): number {
  return earlier !== undefined && earlier > 0 ? Math.max((loss - earlier) / earlier, 0) : 0;
}

/** The shares of the round that begins. The same state gives the same shares. */
export function reweighDomains(schedule: DomainSchedule, state: DomainState): DomainShares {
  if (schedule.kind === 'fixed') return state.weights;
  const updated = updatedShares(schedule, state);
  return schedule.kind === 'fostering' ? updated : expandedShares(schedule, state, updated);
}

/** `multiplicative`: P (1 + sigma gamma); `exponential`: P exp(s), as in the released code; both made to sum to one. */
function updatedShares({ update, sigma, score }: UpdateOptions, { weights, losses, references }: DomainState): DomainShares {
  const factor = (domain: string): number => {
    const [loss, reference] = [losses[domain]!, references[domain]!];
    if (update === 'multiplicative') return 1 + sigma * learnablePotential(loss, reference);
    if (score === 'loss') return Math.exp(loss);
    return Math.exp(score === 'difference' ? loss - reference : loss > 0 ? (loss - reference) / loss : 0);
  };
  return toSumOne(Object.entries(weights).map(([domain, weight]) => [domain, weight * factor(domain)]));
}

/**
 * Flexible domain expansion: the target's share grows by delta while what it could still learn outweighs what the others forget on average; else it
 * is held. The others share the rest as the update says.
 */
function expandedShares({ target, delta, epsilon, hold, limit }: Extract<DomainSchedule, { kind: 'expansion' }>, { weights, losses, earlier, references }: DomainState, updated: DomainShares): DomainShares {
  const others = Object.keys(weights).filter((domain) => domain !== target);
  const forgotten = others.reduce((sum, domain) => sum + forgettingDegree(losses[domain]!, earlier?.[domain]), 0) / others.length;
  const grows = forgotten < epsilon * learnablePotential(losses[target]!, references[target]!);
  const before = weights[target]!;
  // What began above the limit stays there.
  const wanted = grows ? before + delta : hold === 'reweighted' ? updated[target]! : before;
  const share = Math.min(wanted, Math.max(limit, before));
  const rest = others.reduce((sum, domain) => sum + updated[domain]!, 0);
  return Object.fromEntries(Object.keys(weights).map((domain) => [domain, domain === target ? share : rest > 0 ? ((1 - share) * updated[domain]!) / rest : (1 - share) / others.length]));
}

function toSumOne(entries: readonly (readonly [string, number])[]): DomainShares {
  const sum = entries.reduce((total, [, value]) => total + value, 0);
  return Object.fromEntries(entries.map(([domain, value]) => [domain, value / sum]));
}
