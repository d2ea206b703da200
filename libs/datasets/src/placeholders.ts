import { DatasetError } from './dataset-error.js';
import type { Row } from './row.js';

/** {{NAME}}: capitals, digits and underscores only, so that the double braces of other template languages are left alone. */
const pattern = /\{\{([A-Z][A-Z0-9_]*)\}\}/g;

/** The names of all placeholders in what a row says and in what it expects. */
export function placeholdersIn(row: Pick<Row, 'messages' | 'expect' | 'rejected' | 'text'>): Set<string> {
  const texts = [...row.messages.map(({ content }) => content), ...[row.expect ?? []].flat(), row.rejected ?? '', row.text ?? ''];
  return new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => name!)));
}

/**
 * Puts values in the place of {{NAME}} in messages and in `expect`. Values are put in as they are; a value that itself
 * looks like a placeholder is refused.
 *
 * @throws DatasetError `placeholder-without-value` naming every name that has no value, `placeholder-unknown` for a value that no row asks for.
 */
export function fillPlaceholders(rows: readonly Row[], values: Readonly<Record<string, string>>): Row[] {
  const asked = new Set(rows.flatMap((row) => [...placeholdersIn(row)]));
  const missing = [...asked].filter((name) => !Object.hasOwn(values, name)).sort();
  if (missing.length > 0) {
    throw new DatasetError({
      message: `The rows hold ${missing.map((name) => `{{${name}}}`).join(', ')}, expected a value for each; got values for ${Object.keys(values).join(', ') || 'none'}. Give them as placeholders of the synthesize step.`,
      code: 'placeholder-without-value',
      facts: { missing },
    });
  }
  for (const [name, value] of Object.entries(values)) {
    if (!asked.has(name)) {
      throw new DatasetError({
        message: `Got a value for the placeholder "${name}", but no row holds {{${name}}}; the rows hold ${[...asked].sort().join(', ') || 'none'}. Leave it out or correct its name.`,
        code: 'placeholder-unknown',
        facts: { name, asked: [...asked].sort() },
      });
    }
    if (value.trim() === '' || new RegExp(pattern).test(value)) {
      throw new DatasetError({ message: `The value of the placeholder ${name} has to be plain text that is not empty; got ${JSON.stringify(value)}.`, code: 'placeholder-bad-value', facts: { name, value } });
    }
  }
  const fill = (text: string): string => text.replace(pattern, (_whole, name: string) => values[name]!);
  return rows.map((row) => ({
    ...row,
    messages: row.messages.map((message) => ({ ...message, content: fill(message.content) })),
    ...(row.expect === undefined ? {} : { expect: typeof row.expect === 'string' ? fill(row.expect) : row.expect.map(fill) }),
    ...(row.rejected === undefined ? {} : { rejected: fill(row.rejected) }),
    ...(row.text === undefined ? {} : { text: fill(row.text) }),
  }));
}
