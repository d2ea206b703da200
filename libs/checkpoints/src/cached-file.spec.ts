import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { forgetUnused, markUsed } from './cached-file.js';

test('what nobody has used for a month is removed, and nothing else', async () => {
  await using folder = await temporaryFolder();
  const daysAgo = (days: number) => Date.now() / 1000 - days * 24 * 3600;
  mkdirSync(join(folder.path, 'folder'));
  for (const [name, days] of [['old', 31], ['asked', 31], ['young', 29]] as const) {
    writeFileSync(join(folder.path, name), '');
    utimesSync(join(folder.path, name), 0, daysAgo(days));
  }
  utimesSync(join(folder.path, 'folder'), 0, daysAgo(31));
  expect([markUsed(join(folder.path, 'asked')), markUsed(join(folder.path, 'none'))]).toEqual([true, false]);
  forgetUnused(folder.path);
  expect(readdirSync(folder.path).sort()).toEqual(['asked', 'folder', 'young']);
});
