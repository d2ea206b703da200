import { barChart, radarChart } from '@tunesmith/pictures';
import type { DomainScores } from './domain-scores.js';

/** As many rays as can be told apart. */
const mostRays = 24;
const barsInARow = 12;

/** The metric by domain as pictures: a radar where there are three domains or more, and bars with standard errors. */
export function domainPictures({ title, domains }: DomainScores): string[] {
  const compared = domains.some(({ against }) => against !== null);
  const radar = domains.length < 3 || domains.length > mostRays ? [] : [radarChart({
    title, axes: domains.map(({ name }) => name),
    series: [{ name: 'model', values: domains.map(({ value }) => value) }, ...(compared ? [{ name: 'against', values: domains.map(({ against }) => against) }] : [])],
  })];
  const rows = Array.from({ length: Math.ceil(domains.length / barsInARow) }, (_, row) => domains.slice(row * barsInARow, (row + 1) * barsInARow));
  const bars = rows.map((row, index) => barChart({
    title: rows.length > 1 ? `${title} (${index + 1} of ${rows.length})` : title,
    groups: row.map(({ name }) => name),
    series: [{ name: 'model', values: row.map(({ value }) => value), spread: row.map(({ error }) => error) }, ...(compared ? [{ name: 'against', values: row.map(({ against }) => against) }] : [])],
  }));
  return [...radar, ...bars];
}
