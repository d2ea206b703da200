import { newId } from '@tunesmith/contracts';
import { openRegistryDatabase } from '../testing/open-registry-database.js';
import { sampleArtifact } from '../testing/sample-artifact.js';
import { ArtifactsRepository } from './artifacts.repository.js';

let registry: Awaited<ReturnType<typeof openRegistryDatabase>>;
let artifacts: ArtifactsRepository;
beforeAll(async () => {
  registry = await openRegistryDatabase();
  artifacts = new ArtifactsRepository(registry.database.dataSource.manager, 'default');
});
afterAll(() => registry[Symbol.asyncDispose]());

const [model, dataset, adapter] = [sampleArtifact('model'), sampleArtifact('dataset', 'dataset'), sampleArtifact('adapter', 'adapter')];
const runId = newId();

test('lineage leads from an artifact to its parents and back', async () => {
  await artifacts.record(model, 'llama', [], { runId, step: 'import' });
  await artifacts.record(dataset, null, [], { runId, step: 'push' });
  await artifacts.record(adapter, 'llama', [{ role: 'model', digest: model.digest }, { role: 'dataset', digest: dataset.digest }], { runId, step: 'train' });
  expect((await artifacts.lineage(adapter.digest)).parents).toEqual([{ digest: dataset.digest, role: 'dataset', runId, step: 'train' }, { digest: model.digest, role: 'model', runId, step: 'train' }]);
  expect((await artifacts.lineage(model.digest)).children).toEqual([{ digest: adapter.digest, role: 'model', runId, step: 'train' }]);
  expect((await artifacts.lineage(model.digest)).parents).toEqual([]);
});

test('the same artifact again, and an artifact made of itself, change nothing', async () => {
  const before = await artifacts.lineage(adapter.digest);
  await artifacts.record(adapter, 'other', [{ role: 'model', digest: model.digest }, { role: 'base', digest: adapter.digest }], { runId: newId(), step: 'again' });
  expect(await artifacts.lineage(adapter.digest)).toEqual(before);
  expect((await artifacts.find(adapter.digest))?.family).toBe('llama');
});

test('the base of an adapter is told by what it was made of, and refused where that says nothing or two things', async () => {
  const [other, extracted, joined, lost, torn] = [sampleArtifact('tuned'), ...['extracted', 'joined', 'lost', 'torn'].map((name) => sampleArtifact(name, 'adapter'))];
  await artifacts.record(other!, 'llama', [], { runId, step: 'tune' });
  const record = (made: typeof adapter, parents: [string, typeof adapter][], step: string) => artifacts.record(made, 'llama', parents.map(([role, { digest }]) => ({ role, digest })), { runId, step });
  await record(extracted!, [['base', model], ['model', other!]], 'extract');
  await record(joined!, [['adapters', extracted!], ['adapters', adapter]], 'join');
  await record(lost!, [], 'import');
  await record(torn!, [['adapters', extracted!], ['model', model], ['model', other!]], 'tear');
  for (const made of [adapter, extracted!, joined!]) expect(await artifacts.baseOf(made.digest)).toEqual(model);
  await expect(artifacts.baseOf(lost!.digest)).rejects.toMatchObject({ code: 'adapter-base-unknown', message: expect.stringContaining('whose base is not recorded; give the base as the model') });
  await expect(artifacts.baseOf(torn!.digest)).rejects.toMatchObject({ code: 'adapter-base-unknown', message: expect.stringContaining('of several models') });
});

test('an artifact of another kind and one of another project are refused', async () => {
  await expect(artifacts.require(dataset.digest, 'model')).rejects.toMatchObject({ code: 'artifact-kind', message: expect.stringContaining('expected a model') });
  await expect(new ArtifactsRepository(registry.database.dataSource.manager, 'other').require(model.digest, 'model')).rejects.toMatchObject({ code: 'artifact-unknown' });
  await expect(artifacts.lineage(sampleArtifact('nobody').digest)).rejects.toMatchObject({ code: 'artifact-unknown' });
});

test('sizes beyond 32 bits stay', async () => {
  const large = { ...sampleArtifact('large'), size: 2 ** 40 + 1 };
  await artifacts.record(large, null, [], { runId, step: 'x' });
  expect(await artifacts.require(large.digest, 'model')).toEqual(large);
});
