import { DatasetRegistered, newId, type RecipeView, type RunView } from '@tunesmith/contracts';
import { Outbox, Database } from '@tunesmith/platform';
import { eventually } from '@tunesmith/tests-support';
import { DatasetVersionEntity } from './datasets/dataset-version.entity.js';
import { TinyPlatform } from './testing/tiny-platform.js';

let platform: TinyPlatform;
beforeAll(async () => {
  platform = await TinyPlatform.start();
  platform.work.set('import-dataset', ({ spec }) => ({ content: `rows of ${String(spec['path'])}`, metrics: { rows: 2, duplicates: 0 } }));
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const apply = (source: string): Promise<RecipeView> => platform.request('POST', '/v1/recipes', { source });
const runsOf = async (recipe: string): Promise<RunView[]> => (await platform.request<RunView[]>('GET', '/v1/runs?limit=100')).filter((run) => run.recipe === recipe);

/** Pushes a dataset as the command does, and returns its version. */
async function push(name: string, file: string): Promise<DatasetVersionEntity> {
  const { id } = await platform.startRun({ push: { uses: 'import-dataset', with: { path: await platform.file(file), name } } });
  expect((await platform.ended(id)).status).toBe('succeeded');
  return (await platform.registry.get(Database).dataSource.manager.findOneByOrFail(DatasetVersionEntity, { runId: id }))!;
}

const chatRecipe = (name: string, dataset: string, model = 'helper@prod') => `
name: ${name}
on: { dataset.registered: { dataset: ${dataset} } }
steps:
  train: { uses: train, with: { model: ${model}, dataset: "\${{ event.dataset }}" } }
`;

test('an arrival starts each recipe that waits for it, once, and no other', async () => {
  await platform.registerModel('helper', 'prod');
  await apply(chatRecipe('first', 'helpdesk'));
  await apply(chatRecipe('second', 'helpdesk'));
  await apply(chatRecipe('elsewhere', 'other'));
  const version = await push('helpdesk', 'helpdesk.jsonl');
  expect(version).toMatchObject({ version: 1, rows: 2, report: { duplicates: 0 } });
  const [run] = await eventually('a run of the first recipe', async () => ((await runsOf('first')).length > 0 ? runsOf('first') : undefined));
  expect(run!.event).toEqual({ dataset: version.digest, name: 'helpdesk', version: 1 });
  expect((await platform.ended(run!.id)).status).toBe('succeeded');
  expect(await runsOf('second')).toHaveLength(1);
  expect(await runsOf('elsewhere')).toHaveLength(0);

  // The event comes once more, as after a lost acknowledgement.
  const database = platform.registry.get(Database);
  await database.transaction((transaction) =>
    platform.registry.get(Outbox).send(transaction, DatasetRegistered, { datasetId: version.id, name: 'helpdesk', version: 1, artifact: run!.steps[0]!.inputs['dataset'] as never, rows: 2 }, { id: version.id }));
  const again = await push('helpdesk', 'helpdesk.jsonl');
  expect(again).toMatchObject({ version: 2, digest: version.digest });
  await eventually('a second run for the second arrival', async () => (await runsOf('first')).length === 2);
  expect(await runsOf('second')).toHaveLength(2);
});

test('a recipe that cannot start leaves a failed run that says why', async () => {
  await apply(chatRecipe('broken', 'arrivals', 'nobody@prod'));
  await push('arrivals', 'arrivals.jsonl');
  const [run] = await eventually('the failed run', async () => ((await runsOf('broken')).length > 0 ? runsOf('broken') : undefined));
  expect(run).toMatchObject({ status: 'failed', steps: [{ name: 'train', status: 'failed', error: { code: 'model-unknown', message: expect.stringContaining('nobody') } }] });
});

test('the version of the recipe that holds at the arrival is run', async () => {
  await platform.registerModel('versions', 'prod');
  expect((await apply(chatRecipe('changing', 'changes', 'versions@prod'))).version).toBe(1);
  expect((await apply(chatRecipe('changing', 'changes', 'versions@prod'))).version).toBe(1);
  const { version } = await apply(chatRecipe('changing', 'changes', 'versions:1'));
  expect(version).toBe(2);
  await push('changes', 'changes.jsonl');
  await eventually('the run', async () => (await runsOf('changing')).length === 1);
  expect(await platform.request('GET', '/v1/recipes/changing')).toMatchObject({ version: 2 });
  expect(await platform.request('GET', '/v1/recipes/changing?version=1')).toMatchObject({ version: 1 });
});

test('a recipe can be started by hand with a dataset by name', async () => {
  const run = await platform.request<RunView>('POST', '/v1/runs', { recipe: 'first', event: { dataset: 'helpdesk:1' } });
  expect((await platform.ended(run.id)).status).toBe('succeeded');
  await platform.request('POST', '/v1/runs', { recipe: 'first' }, 409);
  await platform.request('POST', '/v1/runs', { recipe: 'first', event: { dataset: `nobody-${newId()}` } }, 409);
  await platform.request('POST', '/v1/runs', { recipe: 'nobody' }, 404);
});
