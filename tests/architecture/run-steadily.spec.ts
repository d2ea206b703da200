import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { runSteadily, type SuiteReport } from '../../tools/run-steadily.mjs';

const root = join(import.meta.dirname, '../..');
const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--globals', '--maxWorkers=1', '--no-isolate', `--reporter=${join(root, 'tools/suite-report.mjs')}`];

/** Fails the first time that it is asked in this folder, wherever a spec calls it. */
const once = `import { existsSync, writeFileSync } from 'node:fs';
const first = (name) => !existsSync(name) && (writeFileSync(name, ''), true);\n`;

test('a spec file in which something failed runs once more, alone: what passes then is unsteady and has passed, what fails twice has failed', async () => {
  await using temporary = await temporaryFolder('steadiness');
  const folder = realpathSync(temporary.path);
  const specs: Record<string, string> = {
    steady: `test('steady', () => undefined); test.skip('left out', () => undefined);`,
    racing: `${once} describe('races', () => { test('now and then', () => { if (first('race')) throw new Error('lost'); }); test('never', () => undefined); });`,
    loading: `${once} if (first('load')) throw new Error('not loaded'); test('inside', () => undefined);`,
    broken: `${once} test('twice', () => { throw new Error('wrong'); }); test('twice', () => { if (first('name')) throw new Error('the same name'); });`,
    unloadable: `throw new Error('never');`,
    astray: `${once} test('content', async () => { if (first('stray')) void Promise.reject(new Error('nobody waits')); await new Promise((resolve) => setTimeout(resolve, 50)); });`,
  };
  for (const [name, source] of Object.entries(specs)) writeFileSync(join(folder, `${name}.spec.js`), source);
  const asked: (string | undefined)[] = [];
  const { passed, failed, unsteady } = runSteadily((file) => {
    asked.push(file);
    const report = join(folder, 'report.json');
    spawnSync(process.execPath, [...vitest, '--root', folder, ...(file ? [file] : [])], { cwd: folder, stdio: 'ignore', env: { ...process.env, TUNESMITH_TEST_REPORT: report } });
    return JSON.parse(readFileSync(report, 'utf8')) as SuiteReport;
  });
  const fileOf = (name: string) => join(folder, `${name}.spec.js`);
  expect(asked[0]).toBeUndefined();
  expect(asked.slice(1).sort()).toEqual(['astray', 'broken', 'loading', 'racing', 'unloadable'].map(fileOf));
  expect(unsteady.sort((left, right) => left.file.localeCompare(right.file))).toEqual([
    { file: fileOf('astray'), test: 'the file itself' }, { file: fileOf('broken'), test: 'twice (2)' }, { file: fileOf('loading'), test: 'the file itself' }, { file: fileOf('racing'), test: 'races > now and then' },
  ]);
  // steady, content, both that race, what could be loaded the second time, and the second of two names.
  expect([passed, failed]).toEqual([6, 2]);
});
