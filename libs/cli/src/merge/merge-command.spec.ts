import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../testing/run-command.js';
import { sampleDigest, sampleRun, sampleRunId, succeededRun } from '../testing/sample-run.js';
import { sendEvents, TinyPlatform } from '../testing/tiny-platform.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-command-'));
  await writeFile(join(folder, 'merge.yaml'), 'merge_method: ties\nbase_model: org/base\nmodels:\n  - model: tuned@prod\n    parameters: { weight: 0.5, density: [0.3, 1e-1] }\n  - model: smollm2+sha256:abc\n  - model: hf:org/other\n');
  await writeFile(join(folder, 'unknown.yaml'), 'merge_method: ties\nbase_modle: a\nmodels: [{ model: b }]\n');
  await writeFile(join(folder, 'revision.yaml'), 'merge_method: linear\nmodels: [{ model: org/name@main }]\n');
  await writeFile(join(folder, 'shared.yaml'), 'merge_method: linear\nparameters: &all { weight: 1 }\nmodels: [{ model: a, parameters: { <<: *all } }, { model: b, parameters: { <<: *all, weight: 2 } }]\n');
  await writeFile(join(folder, 'method.yaml'), 'merge_method: tie\nmodels: [{ model: b }]\n');
  await writeFile(join(folder, 'broken.yaml'), 'merge_method: [ties\n');
  await writeFile(join(folder, 'several.yaml'), 'name: first\nmerge_method: linear\nmodels: [{ model: a }]\n---\nname: second\nmerge_method: linear\nmodels: [{ model: first }]\n');
  await writeFile(join(folder, 'empty.yaml'), '# nothing yet\n');
  for (const [name, file] of [['adapter', 'adapter_config.json'], ['model', 'config.json']] as const) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, file), '{}');
  }
  await writeFile(join(folder, 'adapter-alone.yaml'), 'merge_method: linear\nmodels: [{ model: ./adapter }]\n');
  await mkdir(join(folder, 'one+two'));
  await writeFile(join(folder, 'plus.yaml'), 'merge_method: linear\nmodels: [{ model: ./one+two }]\n');
  await writeFile(join(folder, 'two-models.yaml'), 'merge_method: linear\nmodels: [{ model: ./model+./model }]\n');
  await writeFile(join(folder, 'missing.yaml'), 'merge_method: linear\nmodels: [{ model: ./nowhere }]\n');
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full/file'), '');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...words: string[]) {
  await using platform = await TinyPlatform.start({
    'POST /v1/runs': sampleRun(),
    [`GET /v1/runs/${sampleRunId}/events`]: (_request, answer) => {
      sendEvents(answer)('end', succeededRun({ name: 'merge', uses: 'merge', outputs: { model: { digest: sampleDigest, size: 1, mediaType: 'application/vnd.tunesmith.model.v1+folder' } }, metrics: { method: 'ties', perplexity: 7.5 } }));
      answer.end();
    },
  });
  const result = await runCommand(['merge', ...words], { environment: platform.environment });
  const asked = platform.seen('POST /v1/runs').length > 0 ? (platform.bodyOf('POST /v1/runs') as { steps: { merge: { with: Record<string, unknown> } } }).steps.merge.with : undefined;
  return { ...result, asked };
}

test('a configuration is sent with its models as references', async () => {
  const { code, asked, stdout, stderr } = await run(join(folder, 'merge.yaml'), '--seed', '3', '--no-perplexity');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toContain('perplexity: 7.5');
  expect(asked).toEqual({
    seed: 3, perplexity: false, models: ['tuned@prod', 'smollm2', 'hf:org/other', 'hf:org/base'], adapters: ['sha256:abc'],
    configuration: {
      method: 'ties', base: 3, parameters: {},
      inputs: [{ model: 0, name: 'tuned@prod' }, { model: 1, adapter: 0, name: 'smollm2+sha256:abc' }, { model: 2, name: 'hf:org/other' }, { model: 3, name: 'org/base' }],
      models: [{ input: 0, parameters: { weight: 0.5, density: [0.3, 0.1] } }, { input: 1, parameters: {} }, { input: 2, parameters: {} }],
    },
  });
});

test('what an anchor names is taken over, as Python\'s reader does', async () => {
  expect((await run(join(folder, 'shared.yaml'))).asked).toMatchObject({ configuration: { models: [{ parameters: { weight: 1 } }, { parameters: { weight: 2 } }] } });
});

test('the short form stays: a base, models, a method', async () => {
  const { code, asked } = await run('a', 'b', '--method', 'linear', '--parameter', 'weight=[2,1]', '--tokenizer', 'union', '--dtype', 'float32', '--dataset', 'rows');
  expect(code).toBe(0);
  expect(asked).toEqual({ base: 'a', models: ['b'], method: 'linear', parameters: { weight: [2, 1] }, tokenizer: 'union', dtype: 'float32', dataset: 'rows' });
  expect((await run('a', '--adapter', 'sha256:x')).asked).toEqual({ base: 'a', adapter: 'sha256:x' });
});

test.each([
  ['an unknown key, with the nearest one', ['unknown.yaml'], 2, /unknown key "base_modle": did you mean "base_model"\?/],
  ['a method that there is none of', ['a', 'b', '--method', 'slrep'], 2, /--method: expected a merge method among lora-fold, .*; got "slrep": did you mean "slerp"\?/],
  ['such a method in a configuration', ['method.yaml'], 2, /method.yaml: .*merge_method: expected a merge method among .*; got "tie": did you mean "ties"\?/],
  ['a revision of the hub', ['revision.yaml'], 2, /got org\/name@main: revisions of the hub are not looked up/],
  ['what is no YAML', ['broken.yaml'], 2, /broken.yaml: /],
  ['several merges in one file', ['several.yaml'], 2, /several.yaml: expected one merge; got 2 documents between ---\. Write each into a file of its own/],
  ['an empty file', ['empty.yaml'], 2, /empty.yaml: merge configuration: expected keys among merge_method, .*; got nothing/],
  ['a file that is not there', ['nothing.yaml'], 1, /expected a merge configuration at .*nothing.yaml/],
  ['an adapter as a model', ['adapter-alone.yaml'], 2, /expected a model in .*adapter; it holds an adapter. Write it behind its base: MODEL\+ADAPTER/],
  ['a folder with a + in its name', ['plus.yaml'], 2, /expected an adapter behind the \+ of .\/one\+two; a file or folder of that whole name is there. Write it as \{ model: \{ path: "\.\/one\+two" \} \}/],
  ['a model as an adapter', ['two-models.yaml'], 2, /expected an adapter behind the \+ in .*model; it holds a model/],
  ['a model that is not there', ['missing.yaml'], 1, /expected a file or folder at .*nowhere; there is none/],
  ['a method beside a configuration', ['merge.yaml', '--method', 'ties'], 2, /expected everything but --seed.* inside .*merge.yaml; got --method beside it/],
  ['models beside a configuration', ['merge.yaml', 'more'], 2, /got further models beside it/],
  ['a base alone', ['./base'], 2, /expected an adapter or further models; got the base alone/],
  ['a folder that is not empty', ['merge.yaml', '--out', 'full'], 1, /full/],
])('refuses %s', async (_name, [first = '', ...words], wanted, message) => {
  const places = words.map((word) => (word === 'full' ? join(folder, word) : word));
  const { code, stderr, asked } = await run(first.endsWith('.yaml') ? join(folder, first) : first, ...places);
  expect(stderr).toMatch(message);
  expect(code).toBe(wanted);
  expect(asked).toBeUndefined();
});
