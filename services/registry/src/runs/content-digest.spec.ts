import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentDigests } from './content-digest.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'content-digest-'))));
afterEach(async () => rm(folder, { recursive: true }));

test('a file is its bytes', async () => {
  await writeFile(join(folder, 'a'), 'abc');
  // SHA-256 of "abc": FIPS 180-2, appendix B.1.
  expect(await new ContentDigests().of(join(folder, 'a'))).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a change of the bytes is seen, also where size and modification time stay', async () => {
  const digests = new ContentDigests();
  const path = join(folder, 'a');
  await writeFile(path, 'one');
  await utimes(path, 1, 1);
  const first = await digests.of(path);
  expect(await digests.of(path)).toBe(first);
  await writeFile(path, 'two');
  await utimes(path, 1, 1);
  expect(await digests.of(path)).not.toBe(first);
});

test('a folder is its files by path', async () => {
  const digests = new ContentDigests();
  for (const name of ['x', 'y', 'z']) await mkdir(join(folder, name, 'sub'), { recursive: true });
  await writeFile(join(folder, 'x/sub/a'), '1');
  await writeFile(join(folder, 'y/sub/a'), '1');
  await writeFile(join(folder, 'z/sub/b'), '1');
  const [x, y, z] = await Promise.all(['x', 'y', 'z'].map((name) => digests.of(join(folder, name))));
  expect(x).toBe(y);
  expect(x).not.toBe(z);
});

test('what was touched since it was read is not the same any more, whatever it holds', async () => {
  const digests = new ContentDigests();
  await mkdir(join(folder, 'x'));
  await writeFile(join(folder, 'x/a'), '1');
  const digest = await digests.of(join(folder, 'x'));
  expect(await digests.stillIs(join(folder, 'x'), digest)).toBe(true);
  expect(await new ContentDigests().stillIs(join(folder, 'x'), digest)).toBe(false);
  await writeFile(join(folder, 'x/a'), '2');
  expect(await digests.stillIs(join(folder, 'x'), digest)).toBe(false);
  expect(await digests.of(join(folder, 'x'))).not.toBe(digest);
  await rm(join(folder, 'x'), { recursive: true });
  expect(await digests.stillIs(join(folder, 'x'), digest)).toBe(false);
});
