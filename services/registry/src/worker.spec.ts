import { writeGguf } from '@tunesmith/checkpoints';
import { temporaryFolder } from '@tunesmith/tests-support';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import worker from './worker.js';

test('an importance matrix is stored as it is, as files of GGUF', async () => {
  await using folder = await temporaryFolder();
  const source = join(folder.path, 'some.imatrix.gguf');
  const outFolder = join(folder.path, 'out');
  await writeGguf(source, { metadata: { 'general.type': { type: 'string', value: 'imatrix' } }, tensors: [{ name: 'a.counts', type: 'F32', shape: [1, 1] }] }, [new Uint8Array(4)]);
  const imported = await worker.functions['importModel']!({ source, outFolder }, { signal: new AbortController().signal, onProgress: () => undefined, send: () => undefined, onMessage: () => undefined });
  expect(imported).toEqual({ kind: 'gguf' });
  expect((await readFile(join(outFolder, 'imatrix.gguf'))).equals(await readFile(source))).toBe(true);
});
