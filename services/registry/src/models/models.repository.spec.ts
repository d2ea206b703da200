import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@tunesmith/contracts';
import fc from 'fast-check';
import { ArtifactsRepository } from '../artifacts/artifacts.repository.js';
import { openRegistryDatabase } from '../testing/open-registry-database.js';
import { sampleArtifact } from '../testing/sample-artifact.js';
import { ModelsRepository } from './models.repository.js';

let registry: Awaited<ReturnType<typeof openRegistryDatabase>>;
beforeAll(async () => void (registry = await openRegistryDatabase()));
afterAll(() => registry[Symbol.asyncDispose]());

const modelsOf = (project: string) => new ModelsRepository(registry.database.dataSource.manager, project);
let projects = 0;

/** A project of the test's own with versions 1 to `count` of `smollm2`. */
async function projectWith(count: number): Promise<ModelsRepository> {
  const project = `project-${(projects += 1)}`;
  const models = modelsOf(project);
  for (let version = 1; version <= count; version += 1) {
    const artifact = sampleArtifact(`version ${version}`);
    await new ArtifactsRepository(registry.database.dataSource.manager, project).record(artifact, 'llama', [], { runId: newId(), step: 'import' });
    expect(await models.register('smollm2', artifact, 'llama', null)).toBe(version);
  }
  return models;
}

test('a name, an alias and a version lead to the same bytes', async () => {
  const models = await projectWith(3);
  await models.setAlias('smollm2', 'prod', 2, null);
  const digest = sampleArtifact('version 2').digest;
  expect((await models.resolve({ name: 'smollm2', alias: 'prod' })).digest).toBe(digest);
  expect((await models.resolve({ name: 'smollm2', version: 2 })).digest).toBe(digest);
  expect((await models.resolve({ name: 'smollm2' })).version).toBe(3);
  const view = await models.show('smollm2');
  expect(view.aliases).toEqual({ prod: 2 });
  expect(view.versions.map(({ aliases }) => aliases)).toEqual([[], ['prod'], []]);
  expect(view.versions[1]!.artifact).toEqual(sampleArtifact('version 2'));
});

test('bytes that a name has already keep their version', async () => {
  const models = await projectWith(2);
  expect(await models.register('smollm2', sampleArtifact('version 1'), 'llama', null)).toBe(1);
  expect((await models.show('smollm2')).versions).toHaveLength(2);
});

test('what there is not is told with what there is', async () => {
  const models = await projectWith(2);
  await models.setAlias('smollm2', 'prod', 1, null);
  await expect(models.resolve({ name: 'other' })).rejects.toMatchObject({ code: 'model-unknown', message: expect.stringContaining('(smollm2)') });
  await expect(models.resolve({ name: 'smollm2', alias: 'test' })).rejects.toMatchObject({ code: 'alias-unknown', message: expect.stringContaining('(prod)') });
  await expect(models.resolve({ name: 'smollm2', version: 3 })).rejects.toMatchObject({ code: 'version-unknown', message: expect.stringContaining('from 1 to 2') });
  await expect(models.setAlias('smollm2', 'prod', 9, null)).rejects.toMatchObject({ code: 'version-unknown' });
  await expect(models.show('other')).rejects.toMatchObject({ code: 'model-unknown' });
});

test('projects do not see one another', async () => {
  await projectWith(1);
  await expect(modelsOf('elsewhere').resolve({ name: 'smollm2' })).rejects.toMatchObject({ code: 'model-unknown' });
  expect(await modelsOf('elsewhere').list()).toEqual([]);
});

test('the history tells what every alias pointed at, at any time', async () => {
  const models = await projectWith(3);
  const moments: { after: string; state: Record<string, number> }[] = [{ after: new Date().toISOString(), state: {} }];
  const state: Record<string, number> = {};
  for (const [alias, version] of [['prod', 1], ['test', 2], ['prod', 3], ['prod', 3], ['test', 1], ['prod', 1]] as const) {
    await sleep(3);
    await models.setAlias('smollm2', alias, version, null);
    state[alias] = version;
    moments.push({ after: new Date().toISOString(), state: { ...state } });
    await sleep(3);
  }
  for (const { after, state: expected } of moments) {
    const then = await models.history('smollm2', { at: after });
    expect(Object.fromEntries(then.map(({ alias, version }) => [alias, version]))).toEqual(expected);
  }
  const prod = await models.history('smollm2', { alias: 'prod' });
  expect(prod.map(({ version, previousVersion }) => [previousVersion, version])).toEqual([[null, 1], [1, 3], [3, 1]]);
});

test('the last change of the history is where the alias points, whatever was done', async () => {
  const change = fc.record({ alias: fc.constantFrom('a', 'b'), version: fc.integer({ min: 1, max: 3 }) });
  await fc.assert(fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
    const models = await projectWith(3);
    for (const { alias, version } of changes) await models.setAlias('smollm2', alias, version, null);
    const history = await models.history('smollm2');
    expect(Object.fromEntries(history.map(({ alias, version }) => [alias, version]))).toEqual((await models.show('smollm2')).aliases);
    // Each change begins where the one before it ended.
    for (const alias of ['a', 'b']) {
      const own = history.filter((each) => each.alias === alias);
      own.forEach(({ previousVersion }, index) => expect(previousVersion).toBe(own[index - 1]?.version ?? null));
    }
  }), { numRuns: 20 });
});
