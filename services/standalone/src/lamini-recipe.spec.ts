import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef, RunView } from '@tunesmith/contracts';
import { eventually, repositoryRoot, temporaryFolder } from '@tunesmith/tests-support';
import { parse, stringify } from 'yaml';
import { startStandalone, type Standalone } from './start-standalone.js';

interface RecipeText {
  readonly inputs: Record<string, object>;
  readonly steps: Record<string, { needs?: string[] }>;
}

let platform: Standalone;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('lamini');
  platform = await startStandalone({ PATH: process.env['PATH'], TUNESMITH_HOME: join(folder.path, 'home'), TUNESMITH_WORKER_THREADS: '1' }, false);
});
afterAll(async () => {
  await platform?.stop();
  await folder[Symbol.asyncDispose]();
});

async function ask(method: string, path: string, body?: object): Promise<Response> {
  const token = (await readFile(join(folder.path, 'home/token'), 'utf8')).trim();
  const answer = await fetch(platform.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

async function ran(body: object): Promise<RunView> {
  const { id } = (await (await ask('POST', '/v1/runs', body)).json()) as RunView;
  const run = await eventually('the run', async () => {
    const view = (await (await ask('GET', `/v1/runs/${id}`)).json()) as RunView;
    return view.status === 'running' ? undefined : view;
  }, { every: 100 });
  expect(run.steps.filter(({ status }) => status !== 'succeeded').map(({ name, error }) => [name, error])).toEqual([]);
  return run;
}

const fileOf = async (artifact: ArtifactRef | undefined, path: string): Promise<string> => (await ask('GET', `/v1/artifacts/${artifact!.digest}/files/${path}`)).text();

/** The example, with rows that are given in the place of those that a teacher makes. */
async function recipeWithoutTeacher(): Promise<string> {
  const text = (await readFile(join(repositoryRoot, 'examples/lamini.yaml'), 'utf8')).replaceAll('steps.synthesize.dataset', 'inputs.rows');
  const { inputs, steps: { synthesize: _synthesize, ...steps }, ...recipe } = parse(text) as RecipeText;
  for (const step of Object.values(steps)) if (step.needs) step.needs = step.needs.filter((name) => name !== 'synthesize');
  return stringify({ ...recipe, inputs: { ...inputs, rows: { kind: 'dataset' } }, steps });
}

test('an encoder-decoder is a student of the herd: tuned, merged, evaluated, compared, and its answers to be graded', async () => {
  await ran({ name: 'import', steps: { import: { uses: 'import-model', with: { path: join(repositoryRoot, 'tests/parity/fixtures/encoder-decoder'), name: 't5' } } } });
  const pairs = [['Name the color of the sky.', 'It is blue.'], ['Who are you?', 'I am a small model.'], ['Repeat: the end', 'the end'], ['What is two and two?', 'four']];
  const rows = ['train', 'validation'].flatMap((split) => pairs.map(([query, response]) => ({ messages: [{ role: 'user', content: split === 'train' ? query : `${query} Now.` }, { role: 'assistant', content: response }], split, tags: ['lamini'] })));
  await writeFile(join(folder.path, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await mkdir(join(folder.path, 'data/mmlu'), { recursive: true });
  for (const split of ['dev', 'test']) await writeFile(join(folder.path, `data/mmlu/anatomy.${split}.jsonl`), `${JSON.stringify({ subject: 'anatomy', question: 'The end of the sky?', choices: ['one', 'two', 'the end', 'blue'], answer: 2 })}\n`.repeat(5));
  await ask('POST', '/v1/recipes', { source: await recipeWithoutTeacher() });
  const run = await ran({ recipe: 'lamini', inputs: { data: join(folder.path, 'data'), model: 't5', students: ['t5'], rows: join(folder.path, 'rows.jsonl') } });

  const step = (name: string): RunView['steps'][number] => run.steps.find((each) => each.name === name)!;
  const comparison = JSON.parse(await fileOf(step('compare').outputs['comparison'], 'comparison.json')) as { rows: { label: string; metrics: Record<string, { mean: number }> }[] };
  expect(comparison.rows.map(({ label }) => label)).toEqual(['t5-untuned', 't5-rank4', 't5-rank16']);
  for (const { metrics } of comparison.rows) expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['held-out.loss', 'mmlu.acc']));
  const [untuned, ...tuned] = comparison.rows.map(({ metrics }) => metrics['held-out.loss']!.mean);
  for (const loss of tuned) expect(loss).toBeLessThan(untuned!);
  // The raw instruction, without the wrapper that decoders get.
  const { form, groups } = JSON.parse(await fileOf(step('form').outputs['form'], 'key.json')) as { form: { items: { instruction: string }[] }; groups: Record<string, string> };
  expect(new Set(Object.values(groups))).toEqual(new Set(['t5-rank4', 't5-rank16']));
  expect(form.items.every(({ instruction }) => rows.some(({ messages }) => messages[0]!.content === instruction))).toBe(true);
  expect(await fileOf(step('before.t5-untuned').outputs['evaluation'], 'samples.jsonl')).not.toContain('Below is an instruction');
});
