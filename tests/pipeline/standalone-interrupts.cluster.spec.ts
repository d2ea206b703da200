import { cp, readFile, writeFile } from 'node:fs/promises';
import { writeSafetensors } from '@tunesmith/checkpoints';
import { eventually } from '@tunesmith/tests-support';
import type { DatasetView, ModelView, RunView } from '@tunesmith/contracts';
import { Standalone, type StartedCommand } from './standalone.js';

// Ctrl-C in the middle of each command, cancel and resume. A command that waits for a run takes the run with it; one that only looks
// leaves it alone.

let platform: Standalone;

const answered = (question: string, split: string) => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: 'I am Juniper.' }], split, tags: ['identity'], expect: 'Juniper' });

beforeAll(async () => {
  platform = await Standalone.withTinyModel();
  await platform.write('plain.jsonl', [answered('Who are you?', 'train'), answered('Your name?', 'train'), answered('And you are?', 'validation')].map((row) => `${JSON.stringify(row)}\n`).join(''));
  await platform.run('dataset', 'push', platform.at('plain.jsonl'), '--name', 'plain');
});

afterAll(() => platform?.[Symbol.asyncDispose]());

/** Sends Ctrl-C once the run of the command runs its step; returns how the command and the run ended. */
async function interrupt(command: StartedCommand, name: string, others: readonly string[]): Promise<{ code: number | null; output: string; run: RunView }> {
  const { id } = await platform.runOf(name, others);
  await platform.whenRunning(id, name);
  command.child.kill('SIGINT');
  const { code, output } = await command.ended;
  return { code, output, run: await platform.run<RunView>('run', 'show', id) };
}

const known = async (): Promise<string[]> => (await platform.runs()).map(({ id }) => id);

/** More steps than anybody waits for. */
const endless = ['train', 'tiny:1', '--dataset', 'plain', '--rank', '2', '--steps', '100000', '--batch', '1'];

test('train: the run is cancelled, the command ends with 130 and says how to go on, and the worker is free again', async () => {
  const { code, output, run } = await interrupt(platform.start(...endless), 'train', await known());
  expect([code, run.status]).toEqual([130, 'cancelled']);
  expect(output).toContain(`try: tunesmith run resume ${run.id}`);
  await platform.run('train', 'tiny:1', '--dataset', 'plain', '--rank', '2', '--steps', '1');
});

test('train, twice Ctrl-C: the command leaves at once, and the run is cancelled all the same', async () => {
  const others = await known();
  const command = platform.start(...endless);
  const { id } = await platform.runOf('train', others);
  await platform.whenRunning(id, 'train');
  command.child.kill('SIGINT');
  await eventually('the first Ctrl-C to be heard', () => command.output().includes('cancelling the run'));
  command.child.kill('SIGINT');
  expect((await command.ended).code).toBe(130);
  expect((await platform.ended(id)).status).toBe('cancelled');
});

test('dataset push: nothing is registered, and pushing again works', async () => {
  await writeFile(platform.at('many.jsonl'), Array.from({ length: 150_000 }, (_, index) => JSON.stringify(answered(`Who is number ${index}?`, 'train'))).join('\n'));
  const { code, run } = await interrupt(platform.start('dataset', 'push', platform.at('many.jsonl'), '--name', 'many'), 'push', await known());
  expect([code, run.status]).toEqual([130, 'cancelled']);
  expect((await platform.run<{ datasets: DatasetView[] }>('dataset', 'list')).datasets.map(({ name }) => name)).not.toContain('many');
  expect(await platform.run('dataset', 'push', platform.at('many.jsonl'), '--name', 'many')).toMatchObject({ version: 1, rows: 150_000 });
});

test('model import: nothing is registered, and importing again works', async () => {
  await writeLargeModel(platform.at('large'));
  const { code, run } = await interrupt(platform.start('model', 'import', platform.at('large'), '--name', 'large'), 'import', await known());
  expect([code, run.status]).toEqual([130, 'cancelled']);
  expect((await platform.run<{ models: ModelView[] }>('model', 'list')).models.map(({ name }) => name)).toEqual(['tiny']);
  expect(await platform.run('model', 'import', platform.at('large'), '--name', 'large')).toMatchObject({ version: 1 });
});

/** The tiny model with much wider layers, all zero: quick to write, slower to import. */
async function writeLargeModel(folder: string): Promise<void> {
  await cp(platform.at('tiny'), folder, { recursive: true });
  const config = JSON.parse(await readFile(`${folder}/config.json`, 'utf8')) as { vocab_size: number };
  const [hidden, wide, layers, vocabulary] = [512, 8192, 8, config.vocab_size];
  await writeFile(`${folder}/config.json`, JSON.stringify({ ...config, hidden_size: hidden, intermediate_size: wide, num_hidden_layers: layers }));
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocabulary, hidden]], ['model.norm.weight', [hidden]]];
  for (let layer = 0; layer < layers; layer += 1) {
    const path = `model.layers.${layer}`;
    shapes.push(
      [`${path}.input_layernorm.weight`, [hidden]], [`${path}.post_attention_layernorm.weight`, [hidden]],
      [`${path}.self_attn.q_proj.weight`, [hidden, hidden]], [`${path}.self_attn.k_proj.weight`, [hidden / 2, hidden]],
      [`${path}.self_attn.v_proj.weight`, [hidden / 2, hidden]], [`${path}.self_attn.o_proj.weight`, [hidden, hidden]],
      [`${path}.mlp.gate_proj.weight`, [wide, hidden]], [`${path}.mlp.up_proj.weight`, [wide, hidden]], [`${path}.mlp.down_proj.weight`, [hidden, wide]],
    );
  }
  await writeSafetensors(`${folder}/model.safetensors`, shapes.map(([name, shape]) => ({ name, dtype: 'BF16', shape, bytes: new Uint8Array(shape.reduce((product, size) => product * size, 2)) })));
}

test('chat: the answer is given up', async () => {
  const { code, run } = await interrupt(platform.start('chat', 'tiny:1', '--prompt', 'Tell me all.', '--max-new-tokens', '2000', '--temperature', '1.5'), 'chat', await known());
  expect([code, run.status]).toEqual([130, 'cancelled']);
});

test('up: the platform stops and leaves nothing running', async () => {
  await using other = await Standalone.prepare();
  const up = other.start('up');
  await eventually('the platform', () => up.output().includes('the platform serves http://127.0.0.1:'));
  up.child.kill('SIGINT');
  expect((await up.ended).code).toBe(130);
  expect(other.leftOvers()).toEqual([]);
});

describe('a run of a recipe', () => {
  let id: string;

  beforeAll(async () => {
    await platform.write('long.yaml', `
name: long
steps:
  short: { uses: train, with: { model: tiny:1, dataset: "\${{ event.dataset }}", method: { kind: lora, rank: 2 }, steps: 2, batch: 1 } }
  long: { uses: train, needs: [short], with: { model: tiny:1, dataset: "\${{ event.dataset }}", method: { kind: lora, rank: 2 }, steps: 100000, batch: 1 } }
  last: { uses: merge, needs: [long], with: { base: tiny:1, adapter: "\${{ steps.long.adapter }}" } }
`);
    await platform.run('recipe', 'apply', platform.at('long.yaml'));
    ({ id } = await platform.run<RunView>('run', 'start', 'long', '--dataset', 'plain', '--detach'));
  });

  const step = async (name: string) => (await platform.run<RunView>('run', 'show', id)).steps.find((each) => each.name === name)!;

  test('is watched live, and Ctrl-C stops watching only', async () => {
    const watch = platform.start('run', 'watch', id);
    await eventually('live progress', () => /long: train +\d+% +\d+\/100000 steps.*loss \d/.test(watch.output()));
    expect(watch.output()).toMatch(/✓ short/);
    watch.child.kill('SIGINT');
    const { code, output } = await watch.ended;
    expect(code).toBe(130);
    expect(output).toMatch(new RegExp(`run ${id} goes on`));
    expect((await step('long')).status).toBe('running');
  });

  test('is cancelled, which is final, and told so to those who wait', async () => {
    const watch = platform.start('run', 'watch', id);
    await eventually('the watch', () => watch.output().includes('✓ short'));
    expect((await platform.run<RunView>('run', 'cancel', id)).status).toBe('cancelled');
    expect((await watch.ended).code).toBe(1);
    const { steps } = await platform.run<RunView>('run', 'show', id);
    expect(steps.map(({ name, status }) => [name, status])).toEqual([['short', 'succeeded'], ['long', 'cancelled'], ['last', 'cancelled']]);
  });

  test('is resumed from the step that did not finish; what was finished is kept', async () => {
    const short = await step('short');
    await platform.run('run', 'resume', id, '--detach');
    await platform.whenRunning(id, 'long');
    expect(await step('short')).toEqual(short);
    expect((await step('long')).attempt).toBe(2);
    await platform.run('run', 'cancel', id);
  });

  test('that has failed is resumed at the step that failed', async () => {
    await platform.write('strict.yaml', `
name: strict
steps:
  evaluate: { uses: evaluate, with: { model: tiny:1, dataset: "\${{ event.dataset }}", tasks: [{ kind: loss, name: fit, tag: identity }] } }
  gate: { uses: gate, needs: [evaluate], with: { require: fit.loss <= 0.001 } }
  promote: { uses: promote, needs: [gate], with: { model: tiny:1, alias: strict } }
`);
    await platform.run('recipe', 'apply', platform.at('strict.yaml'));
    const { code, stdout, stderr } = await platform.result('run', 'start', 'strict', '--dataset', 'plain', '--json');
    const failed = JSON.parse(stdout) as RunView;
    expect([code, failed.status]).toEqual([1, 'failed']);
    expect(stderr).toMatch(/expected fit\.loss <= 0\.001; got fit\.loss = \d/);
    expect(failed.steps.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'skipped']);
    const again = JSON.parse((await platform.result('run', 'resume', failed.id, '--json')).stdout) as RunView;
    expect(again.steps[0]).toEqual(failed.steps[0]);
    expect(again.steps.map(({ status, attempt }) => [status, attempt])).toEqual([['succeeded', 1], ['failed', 2], ['skipped', 0]]);
  });
});
