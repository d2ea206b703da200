import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

test('the names that contracts repeats are those of the lists', () => {
  execFileSync(process.execPath, [join(root, 'tools/generators/contract-names.mjs')], { stdio: 'pipe' }); // else: node tools/generators/contract-names.mjs --write
});

test("the README's table of merge methods is the list itself", () => {
  const table = execFileSync(process.execPath, [join(root, 'tools/generators/merge-method-table.mjs')], { encoding: 'utf8' }).trim();
  expect(table).toContain('`ties`');
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(table); // else: node tools/generators/merge-method-table.mjs --write
});
