import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readGivenFile } from './read-given-file.js';

test('what cannot be read says what should be where, what is there instead, and where to look', async () => {
  const missing = join(tmpdir(), 'nowhere-at-all', 'recipe.yaml');
  await expect(readGivenFile(missing, 'FILE', 'a recipe')).rejects.toMatchObject({ code: 'path-missing', message: `FILE: expected a recipe at ${missing}; there is none`, attempts: [`ls ${join(missing, '..')}`] });
  await expect(readGivenFile(tmpdir(), '--input', 'a file of JSON lines')).rejects.toMatchObject({ code: 'file-unreadable', message: `--input: expected a file of JSON lines at ${tmpdir()}; it is a folder` });
});
