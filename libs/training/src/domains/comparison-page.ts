import { barChart, escapeXml, htmlPage, htmlTable, lineChart, type PageSection } from '@tunesmith/pictures';
import type { DomainComparison, TrainingReport } from './compare-domains.js';
import { comparisonTables, meanOver } from './comparison-tables.js';
import { domainPlot } from './domain-plot.js';

const words = { true: 'holds', false: 'does not hold', null: 'cannot be said' };

/** A comparison as one page: what it shows, losses and changes as tables with pictures, and each arm's weights over the steps. */
export function comparisonPage(comparison: DomainComparison, runs: ReadonlyMap<string, readonly TrainingReport[]>): string {
  const { domains, arms, findings, verdicts } = comparison;
  const tables = comparisonTables(comparison);
  const list = (items: readonly string[]): string => `<ul>${items.map((item) => `<li>${item}</li>`).join('\n')}</ul>`;
  const sections: PageSection[] = [
    { heading: 'What it shows', body: list([...verdicts.map(({ claim, holds, because }) => `<b>${words[`${holds}`]}</b>: ${escapeXml(claim)} (${escapeXml(because)}).`), ...findings.map((finding) => `${escapeXml(finding)}.`)]) },
    {
      heading: 'Held-out loss by domain',
      body: `<p>At the end of the training, in nats; mean ± standard deviation over seeds.</p>\n${htmlTable(tables.losses)}`,
    },
    {
      heading: 'Change from the untuned model',
      body: [
        '<p>Of the held-out loss: what is below zero was learned, what is above was forgotten.</p>',
        htmlTable(tables.changes),
        barChart({ title: 'Change of the held-out loss, %', groups: domains, series: arms.map(({ name, change: by }) => ({ name, values: domains.map((domain) => by[domain]!.mean * 100), spread: domains.map((domain) => (by[domain]!.deviation ?? 0) * 100) })) }),
      ].join('\n'),
    },
    ...(tables.target ? [{
      heading: 'Gain on the target, and forgetting of the others',
      body: `<p>Forgetting is the mean increase of the other domains' losses; one that got better counts as nothing.</p>\n${htmlTable(tables.target)}`,
    }] : []),
    {
      heading: 'Mean held-out loss from evaluation to evaluation',
      body: lineChart({ title: 'Mean of all domains', xLabel: 'evaluation, the first of the untuned model', yLabel: 'loss', series: arms.map(({ name }) => ({ name, lines: runs.get(name)!.map(({ evaluations }) => evaluations.map((evaluation) => meanOver(domains, losses(evaluation)))) })) }),
    },
    {
      heading: 'Weights of the domains',
      body: `<p>Of the rows that the first and the last round drew; a mean over seeds.</p>\n${htmlTable({ columns: ['arm', 'round', ...domains], rows: arms.flatMap(({ name }) => weightRows(name, domains, runs.get(name)!)) })}`,
    },
    ...arms.flatMap(({ name }) => (moves(runs.get(name)![0]!) ? [{ heading: `Weights over the steps: ${name}`, body: domainPlot(runs.get(name)![0]!.evaluations) }] : [])),
  ];
  return htmlPage('Domains by weight', sections);
}

function losses({ domains }: TrainingReport['evaluations'][number]): Record<string, number> {
  return Object.fromEntries(Object.entries(domains).map(([name, { loss }]) => [name, loss]));
}

/** What an evaluation decides is drawn after it, so the last one decides nothing. */
function rounds({ evaluations }: TrainingReport): TrainingReport['evaluations'] {
  return evaluations.length > 1 ? evaluations.slice(0, -1) : evaluations;
}

function moves(run: TrainingReport): boolean {
  const [first, ...others] = rounds(run);
  return others.some(({ domains }) => Object.entries(domains).some(([name, { weight }]) => Math.abs(weight - first!.domains[name]!.weight) > 1e-9));
}

function weightRows(arm: string, domains: readonly string[], runs: readonly TrainingReport[]): string[][] {
  const row = (round: string, place: 0 | -1): string[] => [arm, round, ...domains.map((domain) => `${((runs.reduce((sum, run) => sum + rounds(run).at(place)!.domains[domain]!.weight, 0) / runs.length) * 100).toFixed(1)} %`)];
  return runs.some(moves) ? [row('first', 0), row('last', -1)] : [row('all', 0)];
}
