import { DatasetError } from '../dataset-error.js';

/** By domain, in an order of their own: parts of a whole, which sum to one. */
export type DomainShares = Readonly<Record<string, number>>;

/**
 * How the weights of domains are found. `uniform`: all the same. `detected`: as the shares that a model was found to know (VersaTune, arXiv
 * 2411.11266: data that matches what the model knows). `inverse`: against them, (1 - P) / sum of (1 - P). Or given, each by its domain.
 */
export type WeightChoice = 'uniform' | 'inverse' | 'detected' | DomainShares;

/** How far from one a sum of weights may be: thirds are written with six digits at least. */
const rounding = 1e-5;

/**
 * The weights that a choice stands for. `domains` are those of `uniform`, and what everything else has to be a part of; `shares` what was detected.
 *
 * @throws DatasetError `weights-sum`, `weight-invalid`, `shares-missing`, `shares-superfluous`, `domain-unknown`.
 */
export function domainWeights(choice: WeightChoice, domains: readonly string[], shares?: DomainShares): DomainShares {
  if (choice === 'inverse' || choice === 'detected') {
    if (!shares) throw new DatasetError({ message: `weights: ${choice} needs the shares that were detected; got none. Give the detection (tunesmith dataset detect), or shares.`, code: 'shares-missing', facts: { weights: choice } });
    const checked = checkShares(shares, 'shares', domains);
    return choice === 'detected' ? checked : inverseShares(checked);
  }
  if (shares) throw new DatasetError({ message: `shares: expected none, because weights are ${choice === 'uniform' ? choice : 'given'}; only inverse and detected read them.`, code: 'shares-superfluous' });
  return choice === 'uniform' ? Object.fromEntries(domains.map((domain) => [domain, 1 / domains.length])) : checkShares(choice, 'weights', domains);
}

/** [.2, .3, .5] -> [.4, .35, .25]. Of a single domain there is nothing to invert. */
export function inverseShares(shares: DomainShares): DomainShares {
  const entries = Object.entries(shares);
  if (entries.length === 1) return shares;
  const total = entries.reduce((sum, [, share]) => sum + (1 - share), 0);
  return Object.fromEntries(entries.map(([domain, share]) => [domain, (1 - share) / total]));
}

/** Shares that are valid and sum to one exactly as far as numbers do; `what` names them in an error. */
export function checkShares(shares: DomainShares, what: string, domains?: readonly string[]): DomainShares {
  const entries = Object.entries(shares);
  for (const [domain, share] of entries) {
    if (!(Number.isFinite(share) && share >= 0)) throw new DatasetError({ message: `${what}: expected a number from 0 for ${domain}; got ${share}.`, code: 'weight-invalid', facts: { domain, weight: String(share) } });
    if (domains && !domains.includes(domain)) throw new DatasetError({ message: `${what}: expected domains out of ${domains.join(', ') || 'none'}; got "${domain}".`, code: 'domain-unknown', facts: { domain, domains } });
  }
  const sum = entries.reduce((total, [, share]) => total + share, 0);
  if (!(Math.abs(sum - 1) <= rounding)) {
    throw new DatasetError({
      message: `${what}: expected numbers that sum to 1; ${entries.map(([domain, share]) => `${domain} ${share}`).join(', ') || 'none'} sum to ${Number(sum.toPrecision(8))}.${sum > 0 ? ` Divide each by ${Number(sum.toPrecision(8))}.` : ''}`,
      code: 'weights-sum',
      facts: { sum, weights: shares },
    });
  }
  return Object.fromEntries(entries.map(([domain, share]) => [domain, share / sum]));
}
