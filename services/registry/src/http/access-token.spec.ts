import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessToken } from './access-token.js';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'access-token-'))));
afterEach(async () => rm(folder, { recursive: true }));

test('a new token is long, readable by its owner only, and stays', async () => {
  const path = join(folder, 'home', 'token');
  const token = AccessToken.fromFile(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const text = (await readFile(path, 'utf8')).trim();
  expect(text.length).toBeGreaterThanOrEqual(43);
  token.check(`Bearer ${text}`);
  AccessToken.fromFile(path).check(`bearer ${text}`);
});

test('only the token lets in', async () => {
  const path = join(folder, 'token');
  await writeFile(path, 'a-token-for-this-test\n', { mode: 0o600 });
  const token = AccessToken.fromFile(path);
  for (const header of [undefined, '', 'Bearer', 'Bearer ', 'Bearer other', 'Basic a-token-for-this-test', 'a-token-for-this-test', 'Bearer a-token-for-this-test x', 'Bearer a-token-for-this-tes']) {
    expect(() => token.check(header)).toThrow(/expected the platform's token/);
  }
});

test('a file that others may read, and one that is too short, are refused', async () => {
  const path = join(folder, 'token');
  await writeFile(path, 'short');
  await chmod(path, 0o600);
  expect(() => AccessToken.fromFile(path)).toThrow(/at least 16 characters/);
  await writeFile(path, 'a-token-for-this-test');
  await chmod(path, 0o644);
  expect(() => AccessToken.fromFile(path)).toThrow(/mode 644; run chmod 600/);
});
