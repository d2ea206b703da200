// Prints the table of merge methods, as Markdown, from the list itself; with --write it replaces what stands in README.md between the lines
// <!-- merge methods --> and <!-- /merge methods -->.
// Usage: node tools/build.mjs && node tools/generators/merge-method-table.mjs [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { methods } = await import(join(root, 'libs/merging/dist/index.js'));

const bases = { required: 'needed', optional: 'may have one', member: 'one of the models' };
const parameterText = ([name, { required, default: value }]) => `\`${name}\`${required ? '' : value === null ? ' (optional)' : ` (${value})`}`;
const modelsText = ({ least, most }) => (most === Infinity ? `${least} or more` : least === most ? String(least) : `${least} to ${most}`);
const paperText = (paper) => (paper === null ? '' : paper.startsWith('arXiv:') ? `[${paper}](https://arxiv.org/abs/${paper.slice(6)})` : `[${paper}](https://doi.org/${paper.slice(4)})`);

const rows = methods.map(({ name, title, paper, takes, parameters }) => [
  `\`${name}\``, title, paperText(paper), takes.kind === 'adapter' ? 'what the adapter is of' : bases[takes.base], takes.kind === 'adapter' ? 'an adapter' : modelsText(takes), Object.entries(parameters).map(parameterText).join(', '),
]);
const table = [['method', 'what it is', 'paper', 'base', 'models', 'parameters (defaults)'], Array.from({ length: 6 }, () => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

if (process.argv.includes('--write')) {
  const path = join(root, 'README.md');
  const [before, rest] = readFileSync(path, 'utf8').split('<!-- merge methods -->\n');
  const after = rest?.split('<!-- /merge methods -->')[1];
  if (after === undefined) throw new Error('README.md: expected the lines <!-- merge methods --> and <!-- /merge methods -->, with the table between them');
  writeFileSync(path, `${before}<!-- merge methods -->\n${table}\n<!-- /merge methods -->${after}`);
} else {
  console.log(table);
}
