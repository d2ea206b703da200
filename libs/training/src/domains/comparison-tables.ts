import type { Table } from '@tunesmith/pictures';
import type { DomainComparison, Spread } from './compare-domains.js';

/** What a comparison tells of its arms, in the order of its parts, whatever it is written as. */
export interface ComparisonTables {
  readonly losses: Table;
  readonly changes: Table;
  /** Where a target is named. */
  readonly target?: Table;
}

export function comparisonTables({ domains, untuned, arms }: DomainComparison): ComparisonTables {
  return {
    losses: {
      columns: ['arm', 'seeds', ...domains, 'mean'],
      rows: [['untuned', null, ...domains.map((domain) => untuned[domain]!.toFixed(3)), meanOver(domains, untuned).toFixed(3)], ...arms.map((arm) => [arm.name, arm.seeds, ...domains.map((domain) => lossText(arm.loss[domain]!)), lossText(arm.meanLoss)])],
    },
    changes: {
      columns: ['arm', 'tokens', ...domains, 'mean'],
      rows: arms.map((arm) => [arm.name, Math.round(arm.tokens.mean), ...domains.map((domain) => changeText(arm.change[domain]!)), changeText(arm.meanChange)]),
    },
    ...(arms.some(({ targetGain }) => targetGain !== undefined) && {
      target: { columns: ['arm', 'gain', 'forgetting'], rows: arms.map((arm) => [arm.name, changeText(arm.targetGain!), changeText(arm.forgetting!)]) },
    }),
  };
}

/** The mean of the losses, each domain counting once. */
export function meanOver(domains: readonly string[], losses: Readonly<Record<string, number>>): number {
  return domains.reduce((sum, domain) => sum + losses[domain]!, 0) / domains.length;
}

function lossText({ mean, deviation }: Spread): string {
  return `${mean.toFixed(3)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(3)}`}`;
}

function changeText({ mean, deviation }: Spread): string {
  return `${mean > 0 ? '+' : ''}${(mean * 100).toFixed(1)}${deviation === undefined ? '' : ` ± ${(deviation * 100).toFixed(1)}`} %`;
}
