import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, writeTinyModel } from '@tunesmith/tests-support';
import type { FinishedSpan, ModelView, RunView } from '@tunesmith/contracts';
import { Cluster } from './cluster.js';
import { tunesmith } from './command.js';
import { tinyRecipe, tinyRows } from './tiny-retrain.js';

// The whole chain over the servers of a cluster: six processes, nats-server, PostgreSQL, MinIO. Everything is driven by the
// command over HTTP, as from another machine, so that paths are uploaded.

let cluster: Cluster;
let client: NodeJS.ProcessEnv;

beforeAll(async () => {
  cluster = await Cluster.start();
  client = await cluster.clientEnvironment();
  await writeTinyModel(join(cluster.folder, 'tiny'));
  await tunesmith(client, 'model', 'import', join(cluster.folder, 'tiny'), '--name', 'tiny', '--alias', 'prod');
}, 900_000); // MinIO is built on the first run

afterAll(() => cluster?.[Symbol.asyncDispose]());

async function applyRecipe(options: Parameters<typeof tinyRecipe>[0]): Promise<void> {
  const file = join(cluster.folder, 'recipe.yaml');
  await writeFile(file, tinyRecipe(options));
  await tunesmith(client, 'recipe', 'apply', file);
}

/** Pushes rows that no other test pushes, and returns the run that the event started. */
async function pushRows(recipe: string, dataset: string): Promise<string> {
  const file = join(cluster.folder, `${dataset}.jsonl`);
  await writeFile(file, tinyRows(` ${dataset}`));
  await tunesmith(client, 'dataset', 'push', file, '--name', dataset);
  const run = await eventually('the run that the dataset starts', async () => (await listRuns()).find((each) => each.recipe === recipe), { every: 200 });
  return run.id;
}

async function listRuns(): Promise<RunView[]> {
  return (await tunesmith<{ runs: RunView[] }>(client, 'run', 'list', '--limit', '50')).runs;
}

const showRun = (id: string): Promise<RunView> => tunesmith<RunView>(client, 'run', 'show', id);

async function runEnds(id: string): Promise<RunView> {
  try {
    return await eventually('the run to end', async () => {
      const run = await showRun(id);
      return run.status === 'running' ? undefined : run;
    }, { within: 280_000, every: 500 });
  } catch (error) {
    throw new Error(`${JSON.stringify(await showRun(id), null, 1)}\n${cluster.logs()}`, { cause: error });
  }
}

function expectSucceeded(run: RunView): void {
  const failed = run.steps.filter(({ status }) => status !== 'succeeded');
  if (run.status !== 'succeeded') throw new Error(`the run ended ${run.status}: ${JSON.stringify(failed, null, 1)}\n${cluster.logs()}`);
}

test('a dataset arrives and a model is promoted, with one connected trace', async () => {
  await applyRecipe({});
  const run = await runEnds(await pushRows('retrain-tiny', 'self-cognition'));
  expectSucceeded(run);
  expect(run.steps.map(({ name, status }) => [name, status])).toEqual(['replay', 'train', 'merge', 'evaluate', 'gate', 'quantize', 'promote'].map((name) => [name, 'succeeded']));

  const model = await tunesmith<ModelView>(client, 'model', 'show', 'tiny');
  expect(model.aliases).toEqual({ prod: 2 });
  expect(model.versions.find(({ version }) => version === 2)?.artifact).toEqual(run.steps.find(({ name }) => name === 'merge')?.outputs['model']);

  const { spans } = await eventually('spans of every service, none of them without its parent', async () => {
    const trace = await tunesmith<{ spans: FinishedSpan[] }>(client, 'trace', run.id);
    const [services, known] = [new Set(trace.spans.map(({ service }) => service)), new Set(trace.spans.map(({ spanId }) => spanId))];
    return services.size >= 6 && trace.spans.every(({ parentSpanId }) => parentSpanId === undefined || known.has(parentSpanId)) ? trace : undefined;
  }, { every: 500 });
  const ids = new Set(spans.map(({ spanId }) => spanId));
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([run.traceId]));
  expect(spans.filter(({ parentSpanId, links }) => parentSpanId === undefined && links.length === 0)).toHaveLength(1);

  // The same spans went to a real OTLP receiver.
  await eventually('the spans at the OTLP receiver', () => [...ids].every((id) => cluster.traces.spans.some(({ spanId }) => spanId === id)), { every: 500 });
});

test('lineage leads from the promoted model to the dataset, and back', async () => {
  const [run] = (await listRuns()).filter(({ recipe }) => recipe === 'retrain-tiny');
  const full = await showRun(run!.id);
  const outputs = Object.fromEntries(full.steps.map(({ name, outputs }) => [name, outputs]));
  const merged = outputs['merge']!['model']!.digest;
  const adapter = outputs['train']!['adapter']!.digest;
  const up = await tunesmith<{ parents: { digest: string }[]; children: { digest: string }[] }>(client, 'model', 'lineage', merged);
  expect(up.parents.map(({ digest }) => digest)).toContain(adapter);
  const down = await tunesmith<{ parents: { digest: string }[]; children: { digest: string }[] }>(client, 'model', 'lineage', adapter);
  expect(down.children.map(({ digest }) => digest)).toContain(merged);
  expect(down.parents.map(({ digest }) => digest)).toContain(outputs['replay']!['dataset']!.digest);
});

async function whenTraining(id: string): Promise<void> {
  await eventually('the training step to run', async () => (await showRun(id)).steps.find(({ name }) => name === 'train')?.status === 'running', { every: 100 });
}

test('a service killed in the middle of a job: the run still ends, once, with one result', async () => {
  await applyRecipe({ name: 'retrain-killed', steps: 400, dataset: 'killed' });
  const id = await pushRows('retrain-killed', 'killed');
  await whenTraining(id);
  await cluster.kill('trainer');
  await cluster.startService('trainer');
  const run = await runEnds(id);
  expectSucceeded(run);
  expect((await listRuns()).filter(({ recipe }) => recipe === 'retrain-killed')).toHaveLength(1);
  expect((await tunesmith<ModelView>(client, 'model', 'show', 'tiny')).versions.filter(({ runId }) => runId === id)).toHaveLength(1);
});

test('a broker whose store is deleted under way: the run still ends, once, with one result', async () => {
  await applyRecipe({ name: 'retrain-wiped', steps: 400, dataset: 'wiped' });
  const id = await pushRows('retrain-wiped', 'wiped');
  await whenTraining(id);
  await cluster.nats.startAgain({ wipe: true });
  const run = await runEnds(id);
  expectSucceeded(run);
  expect((await tunesmith<ModelView>(client, 'model', 'show', 'tiny')).versions.filter(({ runId }) => runId === id)).toHaveLength(1);
});
