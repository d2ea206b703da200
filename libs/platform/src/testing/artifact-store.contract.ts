import { ArtifactManifest, mediaTypes } from '@tunesmith/contracts';
import { temporaryFolder } from '@tunesmith/tests-support';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.js';
import type { BlobStore } from '../artifacts/blob-store.js';
import { DigestArtifactStore } from '../artifacts/digest-artifact-store.js';

export interface StoreUnderTest {
  readonly blobs: BlobStore;
  /** Damages the bytes of a blob where they lie. */
  damage(digest: string): Promise<void>;
}

/** What every artifact store must do. `largeFile` is above the size from which the store splits files. */
export function artifactStoreContract(open: () => Promise<StoreUnderTest>, largeFile: number): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let under: StoreUnderTest;
  let store: ArtifactStore;
  let count = 0;

  beforeAll(async () => {
    folder = await temporaryFolder('artifacts');
    under = await open();
    store = new DigestArtifactStore(under.blobs, join(folder.path, 'cache'));
    await store.probe();
  });
  afterAll(() => folder.remove());

  const newPath = (name: string) => join(folder.path, `${name}-${(count += 1)}`);
  const makeFolder = async (files: Record<string, string | Uint8Array>): Promise<string> => {
    const path = newPath('source');
    for (const [name, bytes] of Object.entries(files)) {
      await mkdir(join(path, name, '..'), { recursive: true });
      await writeFile(join(path, name), bytes);
    }
    return path;
  };
  /** A store that has not staged anything yet, as on another machine. */
  const elsewhere = () => new DigestArtifactStore(under.blobs, newPath('cache'));
  const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

  it('has the digest of its canonical manifest, the same on every machine', async () => {
    const source = await makeFolder({ 'weights/b.bin': 'bb', 'a.json': '{}', 'weights/a.bin': '' });
    const ref = await store.store(source, 'model');
    const manifest: ArtifactManifest = {
      mediaType: mediaTypes.model,
      files: [{ path: 'a.json', digest: sha256('{}'), size: 2 }, { path: 'weights/a.bin', digest: sha256(''), size: 0 }, { path: 'weights/b.bin', digest: sha256('bb'), size: 2 }],
    };
    expect(ref).toEqual({ digest: sha256(JSON.stringify(manifest)), size: 4, mediaType: mediaTypes.model });
    expect(await store.store(source, 'model')).toEqual(ref);
    expect(await store.manifest(ref.digest)).toEqual(manifest);
    expect(await store.refOf(ref.digest)).toEqual(ref);
    expect([await store.has(ref.digest), await store.has(sha256('nothing'))]).toEqual([true, false]);
    // The same files as something else are something else.
    expect((await store.store(source, 'adapter')).digest).not.toBe(ref.digest);
  });

  it('stages read-only folders, cached by digest', async () => {
    const ref = await store.store(await makeFolder({ 'config.json': '{"a":1}', 'deep/er/file': 'x' }), 'model');
    const other = elsewhere();
    await using staged = await other.stage({ model: ref, base: ref });
    expect(staged.model).toBe(staged.base);
    expect(await readFile(join(staged.model, 'config.json'), 'utf8')).toBe('{"a":1}');
    expect(await readFile(join(staged.model, 'deep/er/file'), 'utf8')).toBe('x');
    expect((await stat(join(staged.model, 'config.json'))).mode & 0o222).toBe(0);
    expect((await stat(staged.model)).mode & 0o222).toBe(0);
    await using again = await other.stage({ model: ref });
    expect(again.model).toBe(staged.model);
  });

  it('stages once when many ask at the same time', async () => {
    const ref = await store.store(await makeFolder({ file: randomBytes(1000) }), 'dataset');
    const other = elsewhere();
    const staged = await Promise.all(Array.from({ length: 8 }, () => other.stage({ dataset: ref })));
    expect(new Set(staged.map(({ dataset }) => dataset)).size).toBe(1);
  });

  it(`streams large files (${largeFile >> 20} MiB) without holding them`, async () => {
    const bytes = randomBytes(largeFile);
    const ref = await store.store(await makeFolder({ 'model.safetensors': bytes }), 'model');
    expect(ref.size).toBe(largeFile);
    await using staged = await elsewhere().stage({ model: ref });
    expect(sha256(await readFile(join(staged.model, 'model.safetensors')))).toBe(sha256(bytes));
  });

  it('refuses bytes that are not those of the digest, and leaves no folder', async () => {
    const secret = randomBytes(100);
    const ref = await store.store(await makeFolder({ weights: secret }), 'model');
    await under.damage(sha256(secret));
    const other = elsewhere();
    await expect(other.stage({ model: ref })).rejects.toMatchObject({ code: 'digest-mismatch', message: expect.stringContaining('weights') });
    await expect(other.stage({ model: ref })).rejects.toMatchObject({ code: 'digest-mismatch' });
    await expect(other.readFile(ref, 'weights')).rejects.toMatchObject({ code: 'digest-mismatch' });
  });

  it('says what is missing', async () => {
    const missing = { digest: sha256('missing'), size: 1, mediaType: mediaTypes.model };
    await expect(store.stage({ model: missing })).rejects.toMatchObject({ code: 'artifact-missing', message: expect.stringContaining(missing.digest) });
    const ref = await store.store(await makeFolder({ 'report.json': '{"rows":3}' }), 'dataset');
    expect(Buffer.from(await store.readFile(ref, 'report.json')).toString()).toBe('{"rows":3}');
    await expect(store.readFile(ref, 'rows.jsonl')).rejects.toMatchObject({ code: 'file-missing', message: expect.stringContaining('report.json') });
  });

  it('refuses what would not come back the same', async () => {
    const withLink = await makeFolder({ file: 'x' });
    await symlink('file', join(withLink, 'link'));
    await expect(store.store(withLink, 'model')).rejects.toMatchObject({ code: 'unsupported-file', message: expect.stringContaining('link') });
    const empty = newPath('empty');
    await mkdir(empty);
    await expect(store.store(empty, 'model')).rejects.toMatchObject({ code: 'empty-artifact' });
  });

  it('refuses a manifest whose paths leave the folder', async () => {
    for (const path of ['../outside', '/etc/passwd', 'a/../../b', 'a\\..\\b']) {
      const bytes = Buffer.from(JSON.stringify({ mediaType: mediaTypes.model, files: [{ path, digest: sha256(''), size: 0 }] }));
      await under.blobs.putManifest(sha256(bytes), bytes);
      await expect(store.stage({ model: { digest: sha256(bytes), size: 0, mediaType: mediaTypes.model } })).rejects.toMatchObject({ code: 'bad-manifest' });
    }
  });

  it('stops when it is aborted, and leaves nothing half-made', async () => {
    const ref = await store.store(await makeFolder({ a: randomBytes(1000), b: randomBytes(1000) }), 'model');
    const cache = newPath('cache');
    const other = new DigestArtifactStore(under.blobs, cache);
    const abort = new AbortController();
    const staging = other.stage({ model: ref }, abort.signal);
    abort.abort(new Error('cancelled'));
    await expect(staging).rejects.toThrow('cancelled');
    await expect(store.store(await makeFolder({ c: 'c' }), 'model', abort.signal)).rejects.toThrow('cancelled');
    await using staged = await other.stage({ model: ref });
    await access(join(staged.model, 'b'));
    expect(await readdir(cache)).toEqual([ref.digest.replace(':', '-')]);
  });

  it('copies an artifact out as ordinary files', async () => {
    const ref = await store.store(await makeFolder({ 'config.json': '{}', 'deep/weights': 'w' }), 'model');
    const target = newPath('out');
    await store.copyTo(ref, target);
    expect(await readFile(join(target, 'deep/weights'), 'utf8')).toBe('w');
    await writeFile(join(target, 'config.json'), 'changed');
    await using staged = await store.stage({ model: ref });
    expect(await readFile(join(staged.model, 'config.json'), 'utf8')).toBe('{}');
    await expect(store.copyTo(ref, target)).rejects.toMatchObject({ code: 'folder-not-empty' });
  });

  it('lets many writers of the same artifact succeed', async () => {
    const source = await makeFolder({ file: randomBytes(5000) });
    const refs = await Promise.all(Array.from({ length: 8 }, () => store.store(source, 'model')));
    expect(new Set(refs.map(({ digest }) => digest)).size).toBe(1);
    await using staged = await elsewhere().stage({ model: refs[0]! });
    expect(await readFile(join(staged.model, 'file'))).toEqual(await readFile(join(source, 'file')));
  });
}
