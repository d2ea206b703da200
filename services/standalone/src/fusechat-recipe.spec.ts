import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { editTinyModel, repositoryRoot, writeTinyModel } from '@tunesmith/tests-support';
import { RunningPlatform } from './testing/running-platform.js';

let platform: RunningPlatform;
beforeAll(async () => void (platform = await RunningPlatform.start('fusechat')));
afterAll(() => platform?.[Symbol.asyncDispose]());

const at = (name: string): string => join(platform.folder, name);
const domains = ['law', 'medicine', 'finance', 'science', 'code', 'other'];

async function writeInputs(): Promise<void> {
  await writeTinyModel(at('pivot'));
  await writeTinyModel(at('alike'), { seed: 5 });
  await editTinyModel(at('alike'), at('foreign'), { tokens: { '<tool>': 3 } });
  await mkdir(at('rows'));
  for (const domain of domains) {
    const row = (number: number): string => `${JSON.stringify({ messages: [{ role: 'user', content: `What is ${domain} ${number}?` }, { role: 'assistant', content: `The ${domain} of the hunter, ${number}.` }] })}\n`;
    await writeFile(at(`rows/${domain}.train.jsonl`), [1, 2, 3].map(row).join(''));
    await writeFile(at(`rows/${domain}.eval.jsonl`), [10, 20].map(row).join(''));
  }
  await mkdir(at('questions'));
  for (const split of ['dev', 'test']) await writeFile(at(`questions/anatomy.${split}.jsonl`), `${JSON.stringify({ subject: 'anatomy', question: 'The end of the sky?', choices: ['one', 'two', 'the end', 'blue'], answer: 2 })}\n`.repeat(5));
}

test('the example runs whole: two targets, six merges and the plain row in one table', async () => {
  await writeInputs();
  const text = await readFile(join(repositoryRoot, 'examples/fusechat.yaml'), 'utf8');
  const small = text.replace(/^( {6}small: .*)\brows: \d+/m, '$1rows: 12');
  expect(small).not.toBe(text);
  await platform.ask('POST', '/v1/recipes', { source: small });
  const run = await platform.ran({ recipe: 'fusechat', inputs: { pivot: at('pivot'), qwen: at('foreign'), gemma: at('alike'), rows: at('rows'), questions: at('questions') } });

  const table = run.steps.find(({ name }) => name === 'table')!;
  const { baseline, rows } = JSON.parse(await platform.fileOf(table.outputs['comparison'], 'comparison.json')) as { baseline: string; rows: { label: string; metrics: Record<string, { mean: number }> }[] };
  expect(rows.map(({ label }) => label)).toEqual(['pivot', 'plain', 'with_qwen', 'with_gemma', 'varm', 'sce', 'linear', 'task_arithmetic', 'ties', 'dare']);
  for (const { metrics } of rows) expect(Object.keys(metrics)).toEqual(expect.arrayContaining([...domains.map((domain) => `${domain}.loss`), 'held-out.loss_by_tag', 'mmlu.acc', 'agreement.qwen', 'agreement.gemma']));
  const loss = new Map(rows.map(({ label, metrics }) => [label, metrics['held-out.loss']!.mean]));
  for (const [label, value] of loss) if (label !== 'pivot') expect(value).toBeLessThan(loss.get('pivot')!);
  expect(baseline).toBe('plain');
  expect(await platform.fileOf(table.outputs['comparison'], 'comparison.md')).toContain('## Difference from plain');
});
