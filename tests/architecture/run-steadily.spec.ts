import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { runSteadily, type JestReport } from '../../tools/run-steadily.mjs';

const jest = join(import.meta.dirname, '../../node_modules/jest/bin/jest.js');

/** Fails the first time that it is asked in this folder, wherever a spec calls it. */
const once = `const { existsSync, writeFileSync } = require('node:fs');
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
  };
  for (const [name, source] of Object.entries(specs)) writeFileSync(join(folder, `${name}.spec.js`), source);
  const asked: (string | undefined)[] = [];
  const { passed, failed, unsteady } = runSteadily((file) => {
    asked.push(file);
    const report = join(folder, 'report.json');
    spawnSync(process.execPath, [jest, '--rootDir', folder, '--config', '{"transform":{}}', '--cacheDirectory', join(folder, 'cache'), '--runInBand', '--json', `--outputFile=${report}`, ...(file ? ['--runTestsByPath', file] : [])], { cwd: folder, stdio: 'ignore' });
    return JSON.parse(readFileSync(report, 'utf8')) as JestReport;
  });
  const fileOf = (name: string) => join(folder, `${name}.spec.js`);
  expect(asked[0]).toBeUndefined();
  expect(asked.slice(1).sort()).toEqual(['broken', 'loading', 'racing', 'unloadable'].map(fileOf));
  expect(unsteady.sort((left, right) => left.file.localeCompare(right.file))).toEqual([
    { file: fileOf('broken'), test: 'twice (2)' }, { file: fileOf('loading'), test: 'the file itself' }, { file: fileOf('racing'), test: 'races now and then' },
  ]);
  // steady, both that race, what could be loaded the second time, and the second of two names.
  expect([passed, failed]).toEqual([5, 2]);
});
