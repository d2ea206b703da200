import type { RunView } from '@tunesmith/contracts';
import { Database } from '@tunesmith/platform';
import { eventually } from '@tunesmith/tests-support';
import { DatasetVersionEntity } from '../datasets/dataset-version.entity.js';
import { TinyPlatform } from '../testing/tiny-platform.js';
import { Reconciler } from './reconciler.js';
import { StoppingJobEntity } from './stopping-job.entity.js';

let platform: TinyPlatform;
beforeAll(async () => {
  platform = await TinyPlatform.start();
  await platform.registerModel('base', 'prod');
});
afterAll(() => platform?.[Symbol.asyncDispose]());
afterEach(() => platform.work.clear());

/** One round as it would be when nothing was answered for a minute. */
const reconcile = () => platform.registry.get(Reconciler).round(new Date(Date.now() + 60_000));

const callsOf = (run: RunView) => platform.calls.filter(({ jobId }) => run.steps.some((step) => step.name === 'train' && step.jobId === jobId));

const train = async (seed: number) => ({ train: { uses: 'train', with: { model: 'base', dataset: await platform.file('rows.jsonl'), seed } } });

test('a broker that lost everything under way loses no run', async () => {
  // The trainer is away: its request waits in the broker, and is lost with it.
  await platform.stop('trainer');
  const { id } = await platform.startRun(await train(1));
  await eventually('the request to be sent', async () => (await platform.showRun(id)).steps.some(({ name, status }) => name === 'train' && status === 'running'));
  await platform.nats.startAgain({ wipe: true });
  await platform.startTiny('trainer');
  const run = await eventually('the run to end', async () => {
    await reconcile();
    const current = await platform.showRun(id);
    return current.status === 'running' ? undefined : current;
  }, { every: 500 });
  expect(run.status).toBe('succeeded');
  expect(callsOf(run)).toHaveLength(1);
});

test('a request that comes again while its job runs, and after it ended, makes no second job', async () => {
  const gate = platform.gate();
  platform.work.set('train', { until: gate.until });
  const { id } = await platform.startRun(await train(2));
  await platform.begun(id, 'train');
  for (let round = 0; round < 3; round += 1) await reconcile();
  await gate.open();
  const run = await platform.ended(id);
  await reconcile();
  expect(run.status).toBe('succeeded');
  expect(callsOf(run)).toHaveLength(1);
});

test('an arrival that nobody heard is sent again until it is', async () => {
  const recipe = 'name: waiting\non: { dataset.registered: { dataset: rows } }\nsteps: { train: { uses: train, with: { model: base@prod, dataset: "${{ event.dataset }}" } } }';
  await platform.request('POST', '/v1/recipes', { source: recipe });
  const { id } = await platform.startRun({ push: { uses: 'import-dataset', with: { path: await platform.file('arrival.jsonl'), name: 'rows' } } });
  await platform.ended(id);
  const manager = platform.registry.get(Database).dataSource.manager;
  await eventually('the arrival to be heard', () => manager.countBy(DatasetVersionEntity, { name: 'rows' }).then(async (count) => count === 1 && (await manager.findOneByOrFail(DatasetVersionEntity, { name: 'rows' })).heardAt !== null));
  // As if the registry had died before it heard, and the broker had lost the event: only the row is left.
  await manager.update(DatasetVersionEntity, { name: 'rows' }, { heardAt: null });
  await manager.query('DELETE FROM inbox');
  await platform.nats.startAgain({ wipe: true });
  await eventually('the arrival to be heard again', async () => {
    await reconcile();
    return (await manager.findOneByOrFail(DatasetVersionEntity, { name: 'rows' })).heardAt !== null;
  }, { every: 500 });
});

test('a job that did not hear that it should stop is told again', async () => {
  platform.work.set('train', { until: platform.gate().until });
  const { id } = await platform.startRun(await train(3));
  const { jobId } = await platform.begun(id, 'train');
  const manager = platform.registry.get(Database).dataSource.manager;
  // The signal goes into the void.
  platform.nats.pause();
  await platform.request('POST', `/v1/runs/${id}/cancel`);
  expect(await manager.countBy(StoppingJobEntity, { jobId })).toBe(1);
  await platform.nats.stop('SIGKILL');
  await platform.nats.startAgain();
  await eventually('the job to stop', async () => {
    await reconcile();
    return (await manager.countBy(StoppingJobEntity, { jobId })) === 0;
  }, { every: 500 });
});
