import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AliasChange, DatasetView, LineageView, ModelView, RunView } from '@tunesmith/contracts';
import { Standalone } from './standalone.js';
import { tinyRecipe, tinyRows } from './tiny-retrain.js';

// The embedded platform as its user meets it: the built command, one home folder, a tiny model. The tests tell one story, in order.

let platform: Standalone;
/** The run that the dataset's arrival started. */
let retrained: RunView;

beforeAll(async () => {
  platform = await Standalone.withTinyModel();
  await platform.write('rows.jsonl', tinyRows());
  await platform.write('recipe.yaml', tinyRecipe());
  await platform.write('plain.jsonl', plainRows());
});

afterAll(() => platform?.[Symbol.asyncDispose]());

/** Rows with their answers, so that no model has to complete them: four to train on, two held out. */
function plainRows(): string {
  const row = (question: string, split: string) => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: 'I am Juniper.' }], split, tags: ['identity'], expect: 'Juniper' });
  const rows = [...['Who are you?', 'Your name?', 'What are you called?', 'Hello, who is there?'].map((text) => row(text, 'train')), row('And you are?', 'validation'), row('Name?', 'validation')];
  return rows.map((each) => `${JSON.stringify(each)}\n`).join('');
}

const outputOf = (run: RunView, step: string, name: string): string => run.steps.find((each) => each.name === step)!.outputs[name]!.digest;

test('the arrival of a dataset alone retrains, evaluates, quantizes and promotes', async () => {
  await platform.run('recipe', 'apply', platform.at('recipe.yaml'));
  const pushed = await platform.run<{ version: number; rows: number; artifact: string }>('dataset', 'push', platform.at('rows.jsonl'), '--name', 'self-cognition');
  expect(pushed).toMatchObject({ version: 1, rows: 7 });
  retrained = await platform.succeeded((await platform.runOf('retrain-tiny')).id);
  expect(retrained.event).toMatchObject({ dataset: pushed.artifact, name: 'self-cognition', version: 1 });
  expect(retrained.steps.map(({ name, status, cached, attempt }) => [name, status, cached, attempt])).toEqual(
    ['replay', 'train', 'merge', 'evaluate', 'gate', 'quantize', 'promote'].map((name) => [name, 'succeeded', false, 1]),
  );
  expect((await platform.runs()).filter(({ recipe }) => recipe === 'retrain-tiny')).toHaveLength(1);
  const model = await platform.run<ModelView>('model', 'show', 'tiny');
  expect(model.aliases).toEqual({ prod: 2 });
  expect(model.versions.find(({ version }) => version === 2)).toMatchObject({ runId: retrained.id, family: 'llama', artifact: { digest: outputOf(retrained, 'merge', 'model') } });
});

test('`model history` tells what was prod when', async () => {
  const { history } = await platform.run<{ history: AliasChange[] }>('model', 'history', 'tiny');
  expect(history.map(({ alias, version, previousVersion }) => [alias, version, previousVersion])).toEqual([['prod', 1, null], ['prod', 2, 1]]);
  expect(history[1]!.runId).toBe(retrained.id);

  const between = new Date((Date.parse(history[0]!.at) + Date.parse(history[1]!.at)) / 2).toISOString();
  const then = await platform.run<{ history: AliasChange[] }>('model', 'history', 'tiny', '--alias', 'prod', '--at', between);
  expect(then.history.map(({ version }) => version)).toEqual([1]);
  const before = await platform.run<{ history: AliasChange[] }>('model', 'history', 'tiny', '--at', new Date(Date.parse(history[0]!.at) - 1000).toISOString());
  expect(before.history).toEqual([]);
});

test('lineage leads from the promoted model to the dataset and the first model, and back', async () => {
  const adapter = outputOf(retrained, 'train', 'adapter');
  const replay = outputOf(retrained, 'replay', 'dataset');
  const [{ artifact: first }] = (await platform.run<ModelView>('model', 'show', 'tiny')).versions as [ModelView['versions'][0]];
  const { artifact: dataset } = await platform.run<DatasetView>('dataset', 'show', 'self-cognition');
  const lineage = (reference: string): Promise<LineageView> => platform.run<LineageView>('model', 'lineage', reference);

  const promoted = await lineage('tiny@prod');
  expect(promoted.parents).toEqual(expect.arrayContaining([
    { digest: adapter, role: 'adapter', runId: retrained.id, step: 'merge' }, { digest: first.digest, role: 'base', runId: retrained.id, step: 'merge' },
  ]));
  expect((await lineage(adapter)).parents.map(({ digest }) => digest).sort()).toEqual([first.digest, replay].sort());
  expect((await lineage(replay)).parents.map(({ digest }) => digest)).toContain(dataset.digest);

  const [downFromDataset, downFromFirst] = [await lineage(dataset.digest), await lineage('tiny:1')];
  expect(downFromDataset.children.map(({ digest }) => digest)).toContain(replay);
  expect(downFromFirst.children.map(({ digest }) => digest)).toEqual(expect.arrayContaining([adapter, outputOf(retrained, 'merge', 'model'), replay]));
  expect(promoted.children.map(({ digest }) => digest)).toEqual(expect.arrayContaining([outputOf(retrained, 'evaluate', 'evaluation'), outputOf(retrained, 'quantize', 'gguf'), outputOf(retrained, 'quantize', 'onnx')]));
});

test('the same inputs again: every step is cached, no job runs, and the same version is promoted', async () => {
  await platform.run('model', 'promote', 'tiny:1', '--alias', 'prod');
  const again = await platform.run<RunView>('run', 'start', 'retrain-tiny', '--dataset', 'self-cognition');
  expect(again.steps.map(({ name, status, cached, jobId }) => [name, status, cached, jobId])).toEqual(
    ['replay', 'train', 'merge', 'evaluate', 'gate', 'quantize', 'promote'].map((name) => [name, 'succeeded', name !== 'gate' && name !== 'promote', null]),
  );
  expect(again.steps.map(({ outputs }) => outputs)).toEqual(retrained.steps.map(({ outputs }) => outputs));
  const model = await platform.run<ModelView>('model', 'show', 'tiny');
  expect([model.aliases, model.versions.map(({ version }) => version)]).toEqual([{ prod: 2 }, [1, 2]]);
  const { history } = await platform.run<{ history: AliasChange[] }>('model', 'history', 'tiny', '--alias', 'prod');
  expect(history.map(({ version }) => version)).toEqual([1, 2, 1, 2]);
});

test('the words that people read: a run with its steps, a trace, a status', async () => {
  const show = await platform.result('run', 'show', retrained.id);
  expect(show.code).toBe(0);
  expect(show.stdout).toMatch(/^retrain-tiny .* succeeded/);
  expect(show.stdout).toMatch(/^promote +promote +succeeded/m);
  const trace = await platform.result('trace', retrained.id);
  expect(trace.stdout).toMatch(/train\.requested/);
  expect((await platform.result('run', 'list')).stdout).toMatch(/retrain-tiny +succeeded +7\/7/);
  expect((await platform.result('status')).stdout).toContain(String(await platform.pid()));
});

test('chat answers from the shell, greedily the same twice, and prints the text alone', async () => {
  const ask = () => platform.run<{ text: string; tokenIds: number[] }>('chat', 'tiny:1', '--prompt', 'Who are you?', '--temperature', '0', '--max-new-tokens', '6');
  const answer = await ask();
  expect(answer.tokenIds.length).toBeGreaterThan(0);
  expect(answer.tokenIds.length).toBeLessThanOrEqual(6);
  expect(await ask()).toMatchObject({ text: answer.text, tokenIds: answer.tokenIds });
  const { stdout } = await platform.result('chat', 'tiny:1', '--prompt', 'Who are you?', '--temperature', '0', '--max-new-tokens', '6');
  expect(stdout).toBe(`${answer.text}\n`);
});

test('score gives natural logarithms for texts, completions and conversations', async () => {
  await platform.write('score.jsonl', [
    { text: 'the cat' }, { prompt: 'the ', completion: 'cat' }, { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }] },
  ].map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { rows } = await platform.run<{ rows: { tokenIds: number[]; logProbs: (number | null)[] }[] }>('score', 'tiny@prod', '--input', platform.at('score.jsonl'));
  expect(rows).toHaveLength(3);
  for (const { tokenIds, logProbs } of rows) {
    expect(logProbs).toHaveLength(tokenIds.length);
    expect(logProbs[0]).toBeNull();
    expect(logProbs.slice(1).every((value) => value !== null && value < 0)).toBe(true);
  }
  const bad = await platform.failure('score', 'tiny@prod', '--input', await platform.write('bad-score.jsonl', '{"text":"a"}\nnot json\n'));
  expect([bad.code, bad.error.code]).toEqual([1, 'row-not-json']);
  expect(bad.stderr).toMatch(/bad-score\.jsonl:2: expected a JSON object/);
});

interface JobDocument {
  readonly artifact: string;
  readonly path: string;
  readonly metrics: Record<string, unknown>;
}

test('train, merge, evaluate and quantize from the shell, on paths and references, with --out', async () => {
  const trained = await platform.run<JobDocument>('train', 'tiny:1', '--dataset', platform.at('plain.jsonl'), '--rank', '2', '--steps', '3', '--batch', '2', '--out', platform.at('adapter'));
  expect(trained.path).toBe(platform.at('adapter'));
  expect(trained.artifact).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(trained.metrics).toMatchObject({ loss: [expect.any(Number), expect.any(Number), expect.any(Number)], tokensPerSecond: expect.any(Number), rowsPerSecond: expect.any(Number), peakMemoryBytes: expect.any(Number) });
  expect(JSON.parse(await readFile(join(trained.path, 'adapter_config.json'), 'utf8'))).toMatchObject({ peft_type: 'LORA', r: 2 });

  const merged = await platform.run<JobDocument>('merge', 'tiny:1', '--adapter', trained.artifact, '--out', platform.at('merged'));
  await access(join(merged.path, 'model.safetensors'));
  // The same adapter by its path: imported by digest, and the merge is the one that was made before.
  expect((await platform.run<JobDocument>('merge', 'tiny:1', '--adapter', platform.at('adapter'))).artifact).toBe(merged.artifact);

  const evaluated = await platform.run<{ results: Record<string, Record<string, number>>; samples: string }>(
    'evaluate', platform.at('merged'), '--dataset', platform.at('plain.jsonl'), '--task', 'qa=exact-match:identity', '--task', 'forgetting=loss:identity', '--max-new-tokens', '4', '--against', 'tiny:1',
  );
  expect(evaluated.results).toMatchObject({ qa: { exact_match: expect.any(Number), exact_match_stderr: expect.any(Number) }, forgetting: { loss: expect.any(Number), loss_increase: expect.any(Number) } });
  const samples = (await readFile(evaluated.samples, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(samples).toHaveLength(4);
  for (const sample of samples) expect(Object.keys(sample)).toEqual(expect.arrayContaining(['task', 'index', 'logProbs', 'prediction', 'target', 'metrics']));

  const quantized = await platform.run<JobDocument>('quantize', platform.at('merged'), '--to', 'gguf/q8_0', '--question', 'Who?', '--out', platform.at('files'));
  expect((await readFile(join(quantized.path, 'model-q8_0.gguf'))).subarray(0, 4).toString('latin1')).toBe('GGUF');
  // What Tunesmith wrote, Tunesmith reads.
  expect(await platform.run<{ version: number; family: string }>('model', 'import', join(quantized.path, 'model-q8_0.gguf'), '--name', 'from-gguf')).toMatchObject({ version: 1, family: 'llama' });
  const whole = await readFile(join(quantized.path, 'model-q8_0.gguf'));
  const cut = await platform.failure('model', 'import', await platform.write('cut.gguf', whole.subarray(0, whole.length - 1000)), '--name', 'cut');
  expect([cut.code, cut.error.code, cut.stderr]).toEqual([1, expect.stringMatching(/^gguf-/), expect.stringMatching(/cut\.gguf/)]);
});

test('--out refuses a folder that holds something before any work begins', async () => {
  const before = (await platform.runs()).length;
  const { code, stderr } = await platform.failure('train', 'tiny:1', '--dataset', 'self-cognition', '--steps', '1', '--out', platform.files);
  expect(code).toBe(1);
  expect(stderr).toMatch(/--out: expected a new or empty folder; .* holds \d+ entries/);
  expect(await platform.runs()).toHaveLength(before);
});

test('`model export` copies a registered model', async () => {
  const { path } = await platform.run<{ path: string }>('model', 'export', 'tiny@prod', '--out', platform.at('exported'));
  expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))).toMatchObject({ model_type: 'llama' });
  const { versions: [{ artifact }] } = await platform.run<{ versions: [{ artifact: { digest: string } }] }>('model', 'show', 'tiny');
  // As `run show` prints it.
  const shortened = `${artifact.digest.slice(0, 19)}…`;
  expect(await platform.run('model', 'export', shortened, '--out', platform.at('exported-by-digest'))).toMatchObject({ artifact: artifact.digest });
  const unknown = await platform.failure('model', 'export', 'sha256:00000000', '--out', platform.at('nothing'));
  expect([unknown.code, unknown.error.code]).toEqual([1, 'artifact-unknown']);
});
