import type { Table } from '@tunesmith/pictures';
import type { DomainComparison } from './compare-domains.js';
import { comparisonTables } from './comparison-tables.js';

/** A comparison for people: tables of losses and of their change from the untuned model, mean ± deviation over seeds, and what the figures say. */
export function comparisonText(comparison: DomainComparison): string {
  const { findings, verdicts } = comparison;
  const { losses, changes, target } = comparisonTables(comparison);
  return [
    '# Domains by weight', '',
    ...(verdicts.length > 0 ? [...verdicts.map(({ claim, holds, because }) => `- ${holds === null ? 'Cannot be said' : holds ? 'Holds' : 'Does not hold'}: ${claim} (${because}).`), ''] : []),
    'Held-out loss by domain at the end, in nats; mean ± standard deviation over seeds.', '', ...tableLines(losses), '',
    'Change from the untuned model.', '', ...tableLines(changes), '',
    ...(target ? ['Gain on the target, and forgetting of the others (mean increase; what got better counts as nothing).', '', ...tableLines(target), ''] : []),
    ...findings.map((finding) => `- ${finding}`), '',
  ].join('\n');
}

/** All columns but the first are figures, though most are written with their spread. */
function tableLines({ columns, rows }: Table): string[] {
  return [columns, ...rows].map((cells) => `| ${cells.map((cell) => cell ?? '').join(' | ')} |`).toSpliced(1, 0, `|---|${'---:|'.repeat(columns.length - 1)}`);
}
