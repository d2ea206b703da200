import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

// The budget of a merge method is a file, its spec and one line (design, section 6); the generator must keep to it.
test('the generator makes a merge method that type-checks, in two files and one line', () => {
  // Inside the repository, so that the packages resolve; node_modules is ignored by every other tool.
  const copy = mkdtempSync(join(root, 'node_modules', '.generator-'));
  try {
    cpSync(join(root, 'libs/merging/src'), join(copy, 'libs/merging/src'), { recursive: true });
    execFileSync(process.execPath, [join(root, 'tools/generators/new-merge-method.mjs'), 'task-mean', '--root', copy]);
    const list = readFileSync(join(copy, 'libs/merging/src/methods.ts'), 'utf8').split('\n');
    const before = readFileSync(join(root, 'libs/merging/src/methods.ts'), 'utf8').split('\n');
    expect(list.filter((line) => !before.includes(line))).toEqual([
      "import { taskMean } from './methods/task-mean.js';",
      '  taskMean,',
    ]);
    const files = ['methods.ts', 'methods/task-mean.ts', 'methods/task-mean.spec.ts'].map((name) => join(copy, 'libs/merging/src', name));
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'), '--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--module', 'nodenext', '--types', 'node,vitest/globals', ...files,
    ], { cwd: root, encoding: 'utf8' });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test('a name that is no kebab-case is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'generator-'));
  expect(() => execFileSync(process.execPath, [join(root, 'tools/generators/new-merge-method.mjs'), 'TaskMean', '--root', folder], { stdio: 'pipe' })).toThrow(/expected a name in kebab-case/);
  rmSync(folder, { recursive: true });
});
