import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@tunesmith/tests-support';
import type { DatasetView, ModelView } from '@tunesmith/contracts';
import { isAlive, platformMain, Standalone } from './standalone.js';

// What a person gets wrong, and what is wrong with what they were given: exit code, the message that says what was expected, what
// came and what to try, and nothing registered.

let platform: Standalone;

beforeAll(async () => {
  platform = await Standalone.withTinyModel();
});

afterAll(() => platform?.[Symbol.asyncDispose]());

const answered = { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }] };
const lines = (...rows: readonly unknown[]): string => rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

describe('rows of a dataset', () => {
  test.each([
    ['without an answer', { messages: [{ role: 'user', content: 'Hi' }] }, /answer/],
    ['with an unknown role', { messages: [{ role: 'user', content: 'Hi' }, { role: 'robot', content: 'Hello' }] }, /role.*robot/],
    ['that is not JSON', '{"messages": [', /JSON/],
  ])('a row %s is named by file, line and reason', async (_name, row, reason) => {
    const file = await platform.write('bad.jsonl', lines(answered, row, answered));
    const { code, stderr, error } = await platform.failure('dataset', 'push', file, '--name', 'bad');
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.jsonl:2: /);
    expect(stderr).toMatch(reason);
    expect(error.code).not.toMatch(/internal|unexpected/);
  });

  test('nothing of them was registered', async () => {
    const { datasets } = await platform.run<{ datasets: DatasetView[] }>('dataset', 'list');
    expect(datasets.map(({ name }) => name)).not.toContain('bad');
  });

  test('--skip-invalid counts them and keeps the rest', async () => {
    const file = await platform.write('mixed.jsonl', lines(answered, { messages: [{ role: 'user', content: 'Hi' }] }, answered, 'nonsense', { messages: [{ role: 'robot', content: 'x' }] }));
    const pushed = await platform.run<{ rows: number; report: Record<string, unknown> }>('dataset', 'push', file, '--name', 'mixed', '--skip-invalid');
    expect(pushed.rows).toBe(2);
    expect(pushed.report).toMatchObject({ dropped: { rows: 3, reasons: { 'no-answer': 1, 'invalid-json': 1, 'unknown-role': 1 } } });
    const { stdout } = await platform.result('dataset', 'push', file, '--name', 'mixed', '--skip-invalid');
    expect(stdout).toMatch(/^mixed:2 +2 rows .*\nleft out 3 rows that are not valid: 1 \S+, 1 \S+, 1 \S+\n/);
  });

  test('a file without rows, and one that is not there', async () => {
    const empty = await platform.failure('dataset', 'push', await platform.write('empty.jsonl', ''), '--name', 'bad');
    expect([empty.code, empty.stderr]).toEqual([1, expect.stringMatching(/empty\.jsonl.*expected.*row/s)]);
    const missing = await platform.failure('dataset', 'push', platform.at('nowhere.jsonl'), '--name', 'bad');
    expect([missing.code, missing.error.code]).toEqual([1, 'path-missing']);
  });
});

describe('model files', () => {
  const header = (json: unknown): Buffer => {
    const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([size, text]);
  };
  const count = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return bytes;
  };
  const gguf = (...parts: Buffer[]): Buffer => Buffer.concat([Buffer.from('GGUF\x03\0\0\0', 'latin1'), ...parts]);

  test.each<[string, Buffer, RegExp]>([
    ['that is cut off', gguf(), /bad\.gguf: the file ends inside .*Fetch it again/],
    ['that promises 2^60 tensors', gguf(count(2n ** 60n), count(0n)), /bad\.gguf: the number of tensors is 1152921504606846976, more than the 8 bytes/],
    ['with another magic', Buffer.from('GGML\x03\0\0\0', 'latin1'), /bad\.gguf: no GGUF file: it begins with "GGML" instead of "GGUF"/],
  ])('a GGUF %s is refused', async (_name, bytes, reason) => {
    const { code, stderr, error } = await platform.failure('model', 'import', await platform.write('bad.gguf', bytes), '--name', 'bad');
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(error.code).toMatch(/^gguf-/);
  });

  test.each<[string, Buffer, RegExp]>([
    ['whose header is longer than the file', count(2n ** 62n), /header of 4611686018427387904 bytes; at most/],
    ['whose tensors overlap', Buffer.concat([header({ a: { dtype: 'F32', shape: [4], data_offsets: [0, 16] }, b: { dtype: 'F32', shape: [4], data_offsets: [8, 24] } }), Buffer.alloc(24)]), /tensor b|tensor a/],
    ['that is cut off', Buffer.concat([header({ a: { dtype: 'F32', shape: [1024], data_offsets: [0, 4096] } }), Buffer.alloc(16)]), /cut short: fetch it again/],
    ['without the model\'s tensors', header({}), /expected/],
  ])('a safetensors %s is refused', async (_name, bytes, reason) => {
    await cp(platform.at('tiny'), platform.at('hostile'), { recursive: true });
    await platform.write('hostile/model.safetensors', bytes);
    const { code, stderr, error } = await platform.failure('model', 'import', platform.at('hostile'), '--name', 'bad');
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(error.code).not.toMatch(/internal|unexpected|worker/);
  });

  test('nothing of them was registered, and the platform goes on', async () => {
    const { models } = await platform.run<{ models: ModelView[] }>('model', 'list');
    expect(models.map(({ name }) => name)).toEqual(['tiny']);
    expect((await platform.run<{ aliases: string[] }>('model', 'import', platform.at('tiny'), '--name', 'tiny')).aliases).toEqual(['prod']);
  });

  test('a template that renders no answer fails the training: an empty loss mask is never trained on', async () => {
    await cp(platform.at('tiny'), platform.at('silent'), { recursive: true });
    const template = "{% for message in messages %}{% if message['role'] == 'user' %}{{ '<|im_start|>' + message['content'] + '<|im_end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '' }}{% endif %}";
    await platform.write('silent/chat_template.jinja', template);
    const config = JSON.parse(await readFile(platform.at('silent/tokenizer_config.json'), 'utf8')) as object;
    await platform.write('silent/tokenizer_config.json', JSON.stringify({ ...config, chat_template: template }));
    const { code, stderr, error } = await platform.failure('train', platform.at('silent'), '--dataset', await platform.write('one.jsonl', lines({ ...answered, split: 'train' })), '--steps', '1');
    expect(code).toBe(1);
    expect(error.code).toMatch(/empty-loss-mask/);
    expect(stderr).toMatch(/template/);
  });
});

describe('recipes', () => {
  const step = (text: string): string => `name: bad\nsteps:\n${text}`;
  test.each([
    ['with a cycle', step('  a: { uses: gate, needs: [b], with: { require: "b.x > 0" } }\n  b: { uses: gate, needs: [a], with: { require: "a.y > 0" } }\n'), /cycle.*a -> b -> a/s],
    ['that needs an unknown step', step('  a: { uses: gate, needs: [nothing], with: { require: "nothing.x > 0" } }\n'), /nothing/],
    ['that uses an unknown kind of step', step('  a: { uses: bake, with: {} }\n'), /bake.*(train|merge)|(train|merge).*bake/s],
    ['with an unknown key', step('  a: { uses: train, with: { model: tiny, dataset: d, stepz: 3 } }\n'), /stepz/],
    ['with an unknown key of the recipe', 'name: bad\ntriggers: {}\nsteps: {}\n', /triggers/],
    ['with a wrong value', step('  a: { uses: train, with: { model: tiny, dataset: d, batch: 0 } }\n'), /batch/],
    ['that is not YAML', 'name: [', /line \d+, column \d+/],
  ])('a recipe %s is refused with exit code 1', async (_name, source, reason) => {
    const { code, stderr, error } = await platform.failure('recipe', 'apply', await platform.write('bad.yaml', source));
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(error.code).not.toMatch(/internal|unexpected/);
  });

  test('a model that is not registered is named with those that are', async () => {
    const { code, stderr } = await platform.failure('chat', 'nobody@prod', '--prompt', 'Hi');
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected a registered model.*tiny.*nobody/s);
  });
});

describe('wrong use ends with 2, and says what help there is', () => {
  test.each([
    ['an unknown option', ['train', 'tiny', '--dataset', 'd', '--stepz', '3'], /--stepz/],
    ['an unknown command', ['trian'], /trian[\s\S]*try: tunesmith train/],
    ['a missing option', ['dataset', 'push', 'rows.jsonl'], /--name/],
    ['a value that is no number', ['train', 'tiny', '--dataset', 'd', '--steps', 'many'], /many/],
    ['a value out of range', ['train', 'tiny', '--dataset', 'd', '--steps', '0'], /--steps/],
    ['a group without its second word', ['model'], /tunesmith model --help/],
  ])('%s', async (_name, args, reason) => {
    const { code, stderr } = await platform.result(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
  });
});

describe('a second platform', () => {
  test('`up` on the same home is refused and told which process has it', async () => {
    const { code, stderr } = await platform.failure('up');
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${await platform.pid()}`);
  });

  test('so is one that is started without looking, and the first is not disturbed', async () => {
    const pid = await platform.pid();
    const second = spawnSync(process.execPath, [platformMain], { env: { ...process.env, ...platform.environment }, encoding: 'utf8', timeout: 240_000 });
    expect([second.status, second.stderr]).toEqual([1, expect.stringMatching(new RegExp(`did not start.*${pid}`, 's'))]);
    expect(await platform.pid()).toBe(pid);
    expect(isAlive(pid)).toBe(true);
    await platform.run('status');
  });

  test('one whose log cannot be written works all the same', async () => {
    await using other = await Standalone.prepare();
    // As a file on a full disk: every write to it fails.
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [platformMain], { env: { ...process.env, ...other.environment }, stdio: ['ignore', full, full] });
    closeSync(full);
    await eventually('the platform to be ready, or to end', () => child.exitCode !== null || existsSync(join(other.home, 'platform.json')));
    expect(child.exitCode).toBe(null);
    expect([await other.runs(), await other.pid()]).toEqual([[], child.pid]);
  });

  test('a port in use is named with what to do, and nothing is left running', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using other = await Standalone.prepare({ TUNESMITH_HTTP_PORT: String(port) });
    const { code, stderr } = await other.failure('up', '--detach');
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`${port}.*TUNESMITH_HTTP_PORT|TUNESMITH_HTTP_PORT.*${port}`, 's'));
    expect(other.leftOvers()).toEqual([]);
  });

  test('bad configuration is one error that names every bad name and value', async () => {
    await using other = await Standalone.prepare({ TUNESMITH_WORKER_THREADS: 'lots', TUNESMITH_TYPO: '1' });
    const { code, stderr } = await other.failure('up', '--detach');
    expect(code).toBe(1);
    expect(stderr).toMatch(/TUNESMITH_WORKER_THREADS/);
    expect(stderr).toMatch(/TUNESMITH_TYPO/);
  });
});

test('a training that workers have no memory for is refused from its plan, before it starts', async () => {
  await using small = await Standalone.withTinyModel({ TUNESMITH_WORKER_MEMORY: String(64 * 2 ** 20) });
  const { code, stderr, error } = await small.failure('train', 'tiny', '--dataset', await small.write('rows.jsonl', lines({ ...answered, split: 'train' })), '--steps', '1');
  expect([code, error.code]).toEqual([1, 'job-too-large']);
  expect(error.facts['parts']).toEqual({ runtime: expect.any(Number), weights: expect.any(Number), optimizer: expect.any(Number), step: expect.any(Number), kept: expect.any(Number) });
  expect(stderr).toMatch(/0\.06 GiB that workers may use here; it needs .*Use a smaller model, batch or length/s);
});

test('the tiny model is the same bytes as before all this', async () => {
  const { path } = await platform.run<{ path: string }>('model', 'export', 'tiny@prod', '--out', platform.at('exported'));
  const digest = async (file: string): Promise<string> => createHash('sha256').update(await readFile(file)).digest('hex');
  expect(await digest(`${path}/model.safetensors`)).toBe(await digest(platform.at('tiny/model.safetensors')));
});
