import type { DomainComparison, Spread } from './compare-domains.js';

/** A comparison for people: tables of losses and of their change from the untuned model, mean ± deviation over seeds, and what the figures say. */
export function comparisonText({ domains, untuned, arms, findings, verdicts }: DomainComparison): string {
  const loss = ({ mean, deviation }: Spread): string => `${mean.toFixed(3)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(3)}`}`;
  const change = ({ mean, deviation }: Spread): string => `${mean > 0 ? '+' : ''}${(mean * 100).toFixed(1)}${deviation === undefined ? '' : ` ± ${(deviation * 100).toFixed(1)}`} %`;
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|---|---:|${'---:|'.repeat(domains.length + 1)}`;
  const untunedMean = domains.reduce((sum, domain) => sum + untuned[domain]!, 0) / domains.length;
  const hasTarget = arms.some(({ targetGain }) => targetGain !== undefined);
  return [
    '# Domains by weight', '',
    ...(verdicts.length > 0 ? [...verdicts.map(({ claim, holds, because }) => `- ${holds === null ? 'Cannot be said' : holds ? 'Holds' : 'Does not hold'}: ${claim} (${because}).`), ''] : []),
    'Held-out loss by domain at the end, in nats; mean ± standard deviation over seeds.', '',
    row(['arm', 'seeds', ...domains, 'mean']), rule,
    row(['untuned', '', ...domains.map((domain) => untuned[domain]!.toFixed(3)), untunedMean.toFixed(3)]),
    ...arms.map((arm) => row([arm.name, String(arm.seeds), ...domains.map((domain) => loss(arm.loss[domain]!)), loss(arm.meanLoss)])), '',
    'Change from the untuned model.', '',
    row(['arm', 'tokens', ...domains, 'mean']), rule,
    ...arms.map((arm) => row([arm.name, String(Math.round(arm.tokens.mean)), ...domains.map((domain) => change(arm.change[domain]!)), change(arm.meanChange)])), '',
    ...(hasTarget ? ['Gain on the target, and forgetting of the others (mean increase; what got better counts as nothing).', '', row(['arm', 'gain', 'forgetting']), '|---|---:|---:|', ...arms.map((arm) => row([arm.name, change(arm.targetGain!), change(arm.forgetting!)])), ''] : []),
    ...findings.map((finding) => `- ${finding}`), '',
  ].join('\n');
}
