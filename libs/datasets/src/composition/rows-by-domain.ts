import { DatasetError } from '../dataset-error.js';
import type { Row } from '../row.js';

/**
 * The domain of a row: the one of its tags that names one. Undefined where none does.
 *
 * @throws DatasetError `domain-ambiguous` where several do.
 */
export function domainOf({ tags }: Pick<Row, 'tags'>, domains: readonly string[], index: number): string | undefined {
  const found = tags.filter((tag) => domains.includes(tag));
  if (found.length < 2) return found[0];
  throw new DatasetError({ message: `Row ${index + 1}: expected one domain; its tags name ${found.join(' and ')}.`, code: 'domain-ambiguous', facts: { row: index + 1, domains: found } });
}

/** Every tag, in the order of the alphabet: the domains of a dataset where nobody names them. */
export function tagsOf(rows: readonly Pick<Row, 'tags'>[]): string[] {
  return [...new Set(rows.flatMap(({ tags }) => tags))].sort();
}

/** @throws DatasetError `domain-empty` for a domain that has a weight and no row. */
export function expectRows(counts: Readonly<Record<string, number>>, weights: Readonly<Record<string, number>>): void {
  const empty = Object.keys(weights).filter((domain) => weights[domain]! > 0 && !counts[domain]);
  if (empty.length === 0) return;
  const known = Object.entries(counts).filter(([, rows]) => rows > 0).map(([domain, rows]) => `${domain} (${rows})`);
  throw new DatasetError({
    message: `Expected training rows in every domain that has a weight; ${empty.join(', ')} ${empty.length === 1 ? 'has' : 'have'} none. There are ${known.join(', ') || 'none at all'}. A row's domain is its tag: give rows that tag (a file DOMAIN.train.jsonl gives it to its rows), or leave the domain out of the weights.`,
    code: 'domain-empty',
    facts: { empty, counts },
  });
}
