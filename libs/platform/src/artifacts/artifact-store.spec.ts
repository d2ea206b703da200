import { temporaryFolder } from '@tunesmith/tests-support';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactStoreContract } from '../testing/artifact-store.contract.js';
import { FileBlobStore } from './file-blob-store.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder('blobs')));
afterAll(() => folder.remove());

describe('ArtifactStore in files', () => {
  artifactStoreContract(() => {
    const root = join(folder.path, 'store');
    return Promise.resolve({
      blobs: new FileBlobStore(root),
      damage: async (digest) => {
        const hex = digest.slice('sha256:'.length);
        const path = join(root, 'blobs', 'sha256', hex.slice(0, 2), hex);
        await chmod(path, 0o644);
        await writeFile(path, 'damaged');
      },
    });
  }, 20 << 20);

  // Needs a small disk: a mount in a namespace of its own, which some containers forbid.
  const mayMount = spawnSync('unshare', ['--mount', '--map-root-user', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  (mayMount ? it : it.skip)('says that the disk is full, and leaves nothing half-written', async () => {
    const store = join(folder.path, 'small');
    const source = join(folder.path, 'large');
    await mkdir(store);
    await mkdir(source);
    await writeFile(join(source, 'weights'), Buffer.alloc(3 << 20, 1));
    const dist = join(import.meta.dirname, '../../dist/artifacts');
    const script = `
      const { DigestArtifactStore } = await import('${dist}/digest-artifact-store.js');
      const { FileBlobStore } = await import('${dist}/file-blob-store.js');
      const { readdirSync, writeFileSync } = await import('node:fs');
      const store = new DigestArtifactStore(new FileBlobStore('${store}/artifacts'), '${store}/cache');
      const error = await store.store('${source}', 'model').catch((error) => error);
      const left = readdirSync('${store}', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      writeFileSync('${source}/small', 'x');
      (await import('node:fs')).rmSync('${source}/weights');
      const after = await store.store('${source}', 'model');
      console.log(JSON.stringify({ code: error.code, message: error.message, left: left.length, after: after.size }));
    `;
    await writeFile(join(folder.path, 'full.mjs'), script);
    const { stdout, stderr } = spawnSync('unshare', ['--mount', '--map-root-user', 'sh', '-c', `mount -t tmpfs -o size=1m none '${store}' && exec '${process.execPath}' '${join(folder.path, 'full.mjs')}'`], {
      encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' },
    });
    if (stdout === '') throw new Error(`expected the script to print its findings; got: ${stderr}`);
    expect(JSON.parse(stdout)).toEqual({ code: 'disk-full', message: expect.stringContaining('Free space'), left: 0, after: 1 });
    expect(await readdir(store)).toEqual([]);
  });
});
