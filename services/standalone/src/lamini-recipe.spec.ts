import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunView } from '@tunesmith/contracts';
import { repositoryRoot } from '@tunesmith/tests-support';
import { parse, stringify } from 'yaml';
import { RunningPlatform } from './testing/running-platform.js';

interface RecipeText {
  readonly inputs: Record<string, object>;
  readonly steps: Record<string, { needs?: string[] }>;
}

let platform: RunningPlatform;
beforeAll(async () => void (platform = await RunningPlatform.start('lamini')));
afterAll(() => platform?.[Symbol.asyncDispose]());

/** The example, with rows that are given in the place of those that a teacher makes. */
async function recipeWithoutTeacher(): Promise<string> {
  const text = (await readFile(join(repositoryRoot, 'examples/lamini.yaml'), 'utf8')).replaceAll('steps.synthesize.dataset', 'inputs.rows');
  const { inputs, steps: { synthesize: _synthesize, ...steps }, ...recipe } = parse(text) as RecipeText;
  for (const step of Object.values(steps)) if (step.needs) step.needs = step.needs.filter((name) => name !== 'synthesize');
  return stringify({ ...recipe, inputs: { ...inputs, rows: { kind: 'dataset' } }, steps });
}

test('an encoder-decoder is a student of the herd: tuned, merged, evaluated, compared, and its answers to be graded', async () => {
  await platform.ran({ name: 'import', steps: { import: { uses: 'import-model', with: { path: join(repositoryRoot, 'tests/parity/fixtures/encoder-decoder'), name: 't5' } } } });
  const pairs = [['Name the color of the sky.', 'It is blue.'], ['Who are you?', 'I am a small model.'], ['Repeat: the end', 'the end'], ['What is two and two?', 'four']];
  const rows = ['train', 'validation'].flatMap((split) => pairs.map(([query, response]) => ({ messages: [{ role: 'user', content: split === 'train' ? query : `${query} Now.` }, { role: 'assistant', content: response }], split, tags: ['lamini'] })));
  await writeFile(join(platform.folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await mkdir(join(platform.folder, 'data/mmlu'), { recursive: true });
  for (const split of ['dev', 'test']) await writeFile(join(platform.folder, `data/mmlu/anatomy.${split}.jsonl`), `${JSON.stringify({ subject: 'anatomy', question: 'The end of the sky?', choices: ['one', 'two', 'the end', 'blue'], answer: 2 })}\n`.repeat(5));
  await platform.ask('POST', '/v1/recipes', { source: await recipeWithoutTeacher() });
  const run = await platform.ran({ recipe: 'lamini', inputs: { data: join(platform.folder, 'data'), model: 't5', students: ['t5'], rows: join(platform.folder, 'rows.jsonl') } });

  const step = (name: string): RunView['steps'][number] => run.steps.find((each) => each.name === name)!;
  const comparison = JSON.parse(await platform.fileOf(step('compare').outputs['comparison'], 'comparison.json')) as { rows: { label: string; metrics: Record<string, { mean: number }> }[] };
  expect(comparison.rows.map(({ label }) => label)).toEqual(['t5-rank4', 't5-rank16', 't5-untuned']);
  for (const { metrics } of comparison.rows) expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['held-out.loss', 'mmlu.acc']));
  const [rank4, rank16, untuned] = comparison.rows.map(({ metrics }) => metrics['held-out.loss']!.mean);
  expect([rank4! < untuned!, rank16! < untuned!]).toEqual([true, true]);
  expect(await platform.fileOf(step('compare').outputs['comparison'], 'index.html')).toContain('Size against score');
  // The raw instruction, without the wrapper that decoders get.
  const { form, groups } = JSON.parse(await platform.fileOf(step('form').outputs['form'], 'key.json')) as { form: { items: { instruction: string }[] }; groups: Record<string, string> };
  expect(new Set(Object.values(groups))).toEqual(new Set(['t5-rank4', 't5-rank16']));
  expect(form.items.every(({ instruction }) => rows.some(({ messages }) => messages[0]!.content === instruction))).toBe(true);
  expect(await platform.fileOf(step('before.t5-untuned').outputs['evaluation'], 'samples.jsonl')).not.toContain('Below is an instruction');
});
