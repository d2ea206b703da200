import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTinyModel } from '@tunesmith/tests-support';
import type { RunView } from '@tunesmith/contracts';
import { Standalone } from './standalone.js';

// Fusion as its user meets it: a pivot, a source without a chat template, a few conversations.

interface Fused {
  readonly artifact: string;
  readonly path: string;
  readonly metrics: { readonly fuse: { readonly rows: number; readonly sources: readonly { readonly fused: number }[] }; readonly train: { readonly loss: readonly number[] } };
  readonly targets: readonly { readonly artifact: string; readonly path: string }[];
  readonly run: string;
}

let platform: Standalone;

beforeAll(async () => {
  platform = await Standalone.withTinyModel();
  await writeTinyModel(platform.at('source'), { seed: 5, hiddenSize: 32 });
  const config = platform.at('source/tokenizer_config.json');
  const { chat_template: _template, ...rest } = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>;
  await writeFile(config, JSON.stringify(rest));
  await rm(platform.at('source/chat_template.jinja'));
  const row = (question: string, answer: string) => `${JSON.stringify({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }], split: 'train' })}\n`;
  await platform.write('rows.jsonl', row('Who are you?', 'I am Juniper.') + row('Where is the fox?', 'In the hole.') + row('And now?', `Out again${', and again'.repeat(30)}.`));
});

afterAll(() => platform?.[Symbol.asyncDispose]());

const fuse = (...options: string[]): Promise<Fused> => platform.run<Fused>('fuse', 'tiny@prod', '--source', platform.at('source'), '--dataset', platform.at('rows.jsonl'), '--max-length', '100', '--long-rows', 'drop', '--steps', '2', '--batch', '2', ...options);

test('fuses, tunes and folds, and puts the model and the report where they were asked for', async () => {
  const fused = await fuse('--out', platform.at('fused'));
  expect(fused.path).toBe(platform.at('fused'));
  // The third row is too long; source and pivot share a vocabulary, so everything carries over.
  expect(fused.metrics.fuse).toMatchObject({ rows: 2, unreadRows: 1, sources: [{ fused: 1 }] });
  expect(fused.metrics.train.loss).toHaveLength(2);
  await readFile(join(fused.path, 'model.safetensors'));
  expect(await readFile(join(fused.path, 'report/alignment.md'), 'utf8')).toContain('2 rows fused, 1 left out');
});

test('another way to learn represents nothing again: only what follows runs', async () => {
  const fused = await fuse('--lambda', '0.5', '--method', 'full');
  const run = await platform.run<RunView>('run', 'show', fused.run);
  const cached = run.steps.filter((step) => step.cached).map(({ name }) => name);
  expect(cached).toEqual(expect.arrayContaining(['represent-pivot', 'represent-1', 'fuse']));
  expect(run.steps.filter((step) => !step.cached).map(({ name }) => name)).toContain('train');
});

test('says what is wrong: rows that are too long, and a pivot that cannot talk', async () => {
  const words = ['--source', 'tiny@prod', '--dataset', platform.at('rows.jsonl'), '--max-length', '100'];
  const long = await platform.failure('fuse', 'tiny@prod', ...words);
  expect(long).toMatchObject({ code: 1, error: { code: 'row-too-long', message: expect.stringContaining('row 3') as string } });
  expect((await platform.failure('fuse', platform.at('source'), ...words, '--long-rows', 'drop')).error).toMatchObject({ code: 'no-chat-template', message: expect.stringContaining('pivot') as string });
});
