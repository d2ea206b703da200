import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@tunesmith/tests-support';
import { KeptFolders } from './kept-folders.js';

const day = 24 * 60 * 60 * 1000;

test('a step finds its folder again until it has its result; another specification has a folder of its own', async () => {
  await using home = await temporaryFolder('kept');
  const kept = new KeptFolders(join(home.path, 'kept'));
  const step = { runId: 'run', step: 'train', spec: { seed: 1 } };
  await writeFile(join(await kept.of(step), 'file'), '');
  expect(await readdir(await kept.of({ ...step }))).toEqual(['file']);
  expect(await readdir(await kept.of({ ...step, spec: { seed: 2 } }))).toEqual([]);
  await kept.remove(step);
  expect(await readdir(await kept.of(step))).toEqual([]);
});

test('what was left alone for a week is removed', async () => {
  await using home = await temporaryFolder('kept');
  let now = Date.now();
  const kept = new KeptFolders(home.path, () => now);
  await kept.of({ runId: 'run', step: 'train', spec: {} });
  now += 6 * day;
  await kept.sweep();
  expect(await readdir(home.path)).toHaveLength(1);
  now += 2 * day;
  await kept.sweep();
  expect(await readdir(home.path)).toEqual([]);
});
