import type { LineageView, ModelView, RunView } from '@tunesmith/contracts';
import { eventually } from '@tunesmith/tests-support';
import { TinyPlatform } from './testing/tiny-platform.js';

let platform: TinyPlatform;
beforeAll(async () => void (platform = await TinyPlatform.start()));
afterAll(() => platform?.[Symbol.asyncDispose]());
afterEach(() => platform.work.clear());

const stepOf = (run: RunView, name: string) => run.steps.find((step) => step.name === name)!;
let numbers = 0;
/** Makes a job's specification one that no other test asks for, so that no cache knows it. */
const unique = () => (numbers += 1);

test('steps run as their needs succeed, and what they made leads on', async () => {
  const model = await platform.registerModel('smollm2', 'prod');
  const path = await platform.file('rows.jsonl');
  platform.work.set('import-dataset', { metrics: { rows: 3, byTag: { x: 3 } } });
  platform.work.set('evaluate', { metrics: { 'qa.exact_match': 0.9, 'forgetting.loss_increase': 0.01 } });
  const started = await platform.startRun({
    data: { uses: 'import-dataset', with: { path } },
    train: { uses: 'train', needs: ['data'], with: { model: 'smollm2@prod', dataset: '${{ steps.data.dataset }}', seed: unique() } },
    merge: { uses: 'merge', needs: ['train'], with: { base: 'smollm2', adapter: '${{ steps.train.adapter }}' } },
    evaluate: { uses: 'evaluate', needs: ['data', 'merge'], with: { model: '${{ steps.merge.model }}', dataset: '${{ steps.data.dataset }}', tasks: [{ kind: 'loss', name: 'forgetting', tag: 'x' }] } },
    gate: { uses: 'gate', needs: ['evaluate'], with: { require: 'qa.exact_match >= 0.8 and forgetting.loss_increase <= 0.05' } },
    promote: { uses: 'promote', needs: ['merge', 'gate'], with: { model: '${{ steps.merge.model }}' } },
  });
  expect(started).toMatchObject({ status: 'running', recipe: 'test', project: 'default' });
  const run = await platform.ended(started.id);
  expect(run.steps.map(({ name, status, error }) => [name, status, error])).toEqual(['data', 'train', 'merge', 'evaluate', 'gate', 'promote'].map((name) => [name, 'succeeded', null]));
  expect(run.status).toBe('succeeded');
  expect(stepOf(run, 'gate').metrics).toEqual({ require: 'qa.exact_match >= 0.8 and forgetting.loss_increase <= 0.05', passed: true, values: { 'qa.exact_match': 0.9, 'forgetting.loss_increase': 0.01 } });
  expect(stepOf(run, 'train').inputs).toMatchObject({ model, batch: 8, epochs: 1, method: { kind: 'lora', rank: 8 } });

  const merged = stepOf(run, 'merge').outputs['model']!;
  const view = await platform.request<ModelView>('GET', '/v1/models/smollm2');
  expect(view.aliases).toEqual({ prod: 2 });
  expect(view.versions[1]).toMatchObject({ artifact: merged, family: 'llama', runId: run.id, aliases: ['prod'] });

  const lineage = await platform.request<LineageView>('GET', `/v1/lineage/${encodeURIComponent(merged.digest)}`);
  expect(lineage.parents.map(({ role, digest }) => [role, digest]).sort()).toEqual([['adapter', stepOf(run, 'train').outputs['adapter']!.digest], ['base', model.digest]]);
});

test('a failed step ends the run; what did not start is skipped, what runs may end', async () => {
  const gate = platform.gate();
  platform.work.set('train', ({ step }) => (step === 'bad' ? { failure: 'expected more memory; got none' } : { until: gate.until }));
  const model = await platform.registerModel('failing');
  const path = await platform.file('failing.jsonl');
  const train = () => ({ uses: 'train', with: { model: model.digest, dataset: path, seed: unique() } });
  const { id } = await platform.startRun({
    bad: train(),
    long: train(),
    after: { uses: 'merge', needs: ['bad'], with: { base: model.digest, adapter: '${{ steps.bad.adapter }}' } },
  });
  await eventually('the failure', async () => stepOf(await platform.showRun(id), 'bad').status === 'failed');
  await gate.open();
  const run = await platform.ended(id);
  expect(run.status).toBe('failed');
  expect(stepOf(run, 'bad')).toMatchObject({ status: 'failed', error: { code: 'tiny-failure', message: 'expected more memory; got none', facts: { tried: true } } });
  expect(stepOf(run, 'long').status).toBe('succeeded');
  expect(stepOf(run, 'after')).toMatchObject({ status: 'skipped', startedAt: null });
});

test('a step that may fail ends only what needs it: the others go on, and a list has null in its place and the reason beside it', async () => {
  const model = await platform.registerModel('tolerant');
  const path = await platform.file('tolerant.jsonl');
  platform.work.set('train', ({ step }) => (step === 'tune.bad' ? { failure: 'expected a finite loss; got NaN' } : { outputs: ['model', 'report'] }));
  const tune = (name: string) => ({ [`tune.${name}`]: { uses: 'train', mayFail: true, with: { model: model.digest, dataset: path, seed: unique() } } });
  const evaluate = (name: string) => ({ [`evaluate.${name}`]: { uses: 'evaluate', mayFail: true, needs: [`tune.${name}`], with: { model: `\${{ steps.tune.${name}.model }}`, dataset: path, tasks: [{ kind: 'loss', name: 'x', tag: 'x' }] } } });
  const made = (step: string, output: string) => ['bad', 'good'].map((name) => `\${{ steps.${step}.${name}.${output} }}`);
  const compare = { uses: 'compare', needs: ['tune.bad', 'tune.good', 'evaluate.bad', 'evaluate.good'], with: { labels: ['bad', 'good'], evaluations: made('evaluate', 'evaluation'), reports: made('tune', 'report'), errors: made('evaluate', 'error') } };
  const steps = { ...tune('bad'), ...tune('good'), ...evaluate('bad'), ...evaluate('good'), compare };
  const run = await platform.ended((await platform.startRun(steps)).id);
  expect([run.status, ...run.steps.slice(1).map(({ name, status }) => `${name} ${status}`)]).toEqual(['succeeded', 'tune.bad failed', 'tune.good succeeded', 'evaluate.bad skipped', 'evaluate.good succeeded', 'compare succeeded']);
  expect(stepOf(run, 'compare').inputs).toMatchObject({
    evaluations: [null, stepOf(run, 'evaluate.good').outputs['evaluation']], reports: [null, stepOf(run, 'tune.good').outputs['report']], errors: ['expected a finite loss; got NaN (tiny-failure)', null],
  });

  // Alone, not in a list, there is nothing that could stand in its place.
  const alone = await platform.ended((await platform.startRun({ ...tune('bad'), merge: { uses: 'merge', needs: ['tune.bad'], with: { base: model.digest, adapter: '${{ steps.tune.bad.adapter }}' } } })).id);
  expect([alone.status, stepOf(alone, 'merge').error]).toEqual(['failed', expect.objectContaining({ code: 'output-missing' })]);
});

test('a gate that does not hold fails the run and says what came', async () => {
  const model = await platform.registerModel('gated');
  const path = await platform.file('gated.jsonl');
  platform.work.set('evaluate', { metrics: { 'qa.exact_match': 0.5 } });
  const evaluate = { uses: 'evaluate', with: { model: model.digest, dataset: path, tasks: [{ kind: 'loss', name: 'x', tag: 'x' }] } };
  const { id } = await platform.startRun({ evaluate, gate: { uses: 'gate', needs: ['evaluate'], with: { require: 'qa.exact_match >= 0.8' } }, promote: { uses: 'promote', needs: ['gate'], with: { model: model.digest, name: 'gated' } } });
  const run = await platform.ended(id);
  expect(stepOf(run, 'gate')).toMatchObject({ status: 'failed', error: { code: 'gate-failed', message: 'gate: expected qa.exact_match >= 0.8; got qa.exact_match = 0.5' }, metrics: { passed: false } });
  expect(stepOf(run, 'promote').status).toBe('skipped');
  const other = await platform.startRun({ evaluate, gate: { uses: 'gate', needs: ['evaluate'], with: { require: 'exact_match >= 0.8' } } });
  expect(stepOf(await platform.ended(other.id), 'gate').error).toMatchObject({ code: 'gate-unknown-metric', message: expect.stringContaining('qa.exact_match') });
});

test('the same step is not run again, and a step with one other value is', async () => {
  const model = await platform.registerModel('cached');
  const path = await platform.file('cached.jsonl');
  const seed = unique();
  const steps = (rank: number) => ({ train: { uses: 'train', with: { model: 'cached', dataset: path, seed, method: { kind: 'lora', rank } } } });
  const first = await platform.ended((await platform.startRun(steps(4))).id);
  expect(first.steps.map(({ name, cached }) => [name, cached])).toEqual([['import-dataset', false], ['train', false]]);
  const calls = platform.calls.length;
  // The same bytes under another path are the same bytes.
  const copy = await platform.file('copy.jsonl', 'cached.jsonl');
  const again = await platform.ended((await platform.startRun({ train: { uses: 'train', with: { model: model.digest, dataset: copy, seed, method: { rank: 4, kind: 'lora' } } } })).id);
  expect(again.steps.map(({ name, cached, status }) => [name, cached, status])).toEqual([['import-dataset', true, 'succeeded'], ['train', true, 'succeeded']]);
  expect(stepOf(again, 'train').outputs).toEqual(stepOf(first, 'train').outputs);
  expect(platform.calls).toHaveLength(calls);
  const other = await platform.ended((await platform.startRun(steps(5))).id);
  expect(stepOf(other, 'train').cached).toBe(false);
});

test('steps that do not need one another run side by side', async () => {
  const model = await platform.registerModel('parallel');
  const path = await platform.file('parallel.jsonl');
  const gate = platform.gate();
  platform.work.set('train', { until: gate.until });
  const trains = Object.fromEntries(Array.from({ length: 4 }, (_unused, index) => [`train-${index}`, { uses: 'train', needs: ['data'], with: { model: model.digest, dataset: '${{ steps.data.dataset }}', seed: unique() } }]));
  const { id } = await platform.startRun({ data: { uses: 'import-dataset', with: { path } }, ...trains });
  // None of them ends before all have begun.
  for (const step of Object.keys(trains)) await platform.begun(id, step);
  await gate.open();
  expect((await platform.ended(id)).status).toBe('succeeded');
});

test('a step whose job made no such output fails by itself', async () => {
  const model = await platform.registerModel('outputs');
  const path = await platform.file('outputs.jsonl');
  platform.work.set('train', { outputs: ['model'] });
  const { id } = await platform.startRun({
    train: { uses: 'train', with: { model: model.digest, dataset: path, seed: unique(), method: { kind: 'full' } } },
    merge: { uses: 'merge', needs: ['train'], with: { base: model.digest, adapter: '${{ steps.train.adapter }}' } },
  });
  expect(stepOf(await platform.ended(id), 'merge').error).toMatchObject({ code: 'output-missing', message: 'merge: expected the adapter of step train; it made model' });
});
