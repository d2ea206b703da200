import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { importFiles } from '@tunesmith/contracts';
import { JobBench } from '@tunesmith/tests-support';
import { synthesisHandlers } from './synthesis.module.js';

let bench: JobBench;
beforeAll(async () => void (bench = await JobBench.start({ service: 'synthesis', handlers: synthesisHandlers })));
afterAll(() => bench?.[Symbol.asyncDispose]());

test('a file, a folder with a link, and a part of an upload are stored as they are', async () => {
  const path = await bench.file('topics.json', '["Law"]');
  const file = await bench.run(importFiles, { path });
  expect(await bench.read(file.outputs!['upload'], 'topics.json')).toEqual(['Law']);

  const folder = join(dirname(path), 'folder');
  await mkdir(join(folder, '.git'), { recursive: true });
  await writeFile(join(folder, '.git', 'config'), 'x');
  await symlink(path, join(folder, 'linked.json'));
  const whole = await bench.run(importFiles, { path: folder });
  expect(await bench.read(whole.outputs!['upload'], 'linked.json')).toEqual(['Law']);
  await expect(bench.read(whole.outputs!['upload'], '.git/config')).rejects.toThrow('it has linked.json');

  const upload = await bench.artifact('upload', { 'sub/a.json': [1] });
  const part = await bench.run(importFiles, { path: 'sub/a.json', upload });
  expect(await bench.read(part.outputs!['upload'], 'a.json')).toEqual([1]);
});

test('what is not there fails with its path', async () => {
  const job = await bench.run(importFiles, { path: '/nowhere/at/all' });
  expect(job).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('/nowhere/at/all') } });
});
