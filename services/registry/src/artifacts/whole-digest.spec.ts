import { newId, mediaTypes } from '@tunesmith/contracts';
import { openRegistryDatabase } from '../testing/open-registry-database.js';
import { ArtifactsRepository } from './artifacts.repository.js';
import { wholeDigest } from './whole-digest.js';

const [one, twin, other] = ['00', '01', 'ff'].map((end) => `sha256:${(end === 'ff' ? 'bc' : 'ab').repeat(31)}${end}`) as [string, string, string];

let registry: Awaited<ReturnType<typeof openRegistryDatabase>>;
beforeAll(async () => {
  registry = await openRegistryDatabase();
  const origin = { runId: newId(), step: 'import' };
  for (const [project, digest] of [['default', one], ['default', twin], ['default', other], ['another', other]] as const) {
    await new ArtifactsRepository(registry.database.dataSource.manager, project).record({ digest, size: 1, mediaType: mediaTypes.model }, 'llama', [], origin);
  }
});
afterAll(() => registry[Symbol.asyncDispose]());

const whole = (given: string, project?: string) => wholeDigest(registry.database.dataSource.manager, given, project);

test('the beginning of one digest stands for it, with the … that shortened ones are printed with or without', async () => {
  for (const given of [other, 'sha256:bcbcbcbc', 'sha256:bcbcbcbcbcbc…']) expect(await whole(given)).toBe(other);
  expect(await whole('sha256:bcbcbcbc', 'another')).toBe(other);
});

test('the beginning of several is refused with them; of none it is undefined', async () => {
  await expect(whole('sha256:abababab')).rejects.toMatchObject({ code: 'digest-ambiguous', message: `expected the beginning of one digest; 2 artifacts begin with sha256:abababab: ${one}, ${twin}; give more of its digits` });
  expect(await whole('sha256:abababab', 'another')).toBeUndefined();
});

test('a repository finds by either, and says the whole digest', async () => {
  const artifacts = new ArtifactsRepository(registry.database.dataSource.manager, 'default');
  expect((await artifacts.require('sha256:bcbcbcbc', 'model')).digest).toBe(other);
  expect((await artifacts.modelOf('sha256:bcbcbcbc…')).model.digest).toBe(other);
  expect((await artifacts.lineage('sha256:bcbcbcbc')).digest).toBe(other);
  await expect(artifacts.require('sha256:dddddddd', 'model')).rejects.toMatchObject({ code: 'artifact-unknown', message: expect.stringContaining('got sha256:dddddddd') });
});
