import { openOwnModel } from '@tunesmith/generation';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openQuantizedModel } from '../runtimes/open-quantized-model.js';
import { drawModel } from '../testing/draw-model.js';
import { makeAdapter } from '../testing/make-adapter.js';
import { largestDifference, quietContext } from '../testing/tiny-models.js';
import { ggufAdapterBeside } from './gguf-adapter-beside.js';
import { exportGguf } from './gguf.js';
import { ggufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

const context = quietContext();
const { signal } = context;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string) => join(folder.path, name);
const modules = Object.fromEntries(['self_attn.q_proj', 'self_attn.v_proj', 'mlp.down_proj'].map((name) => [`model.layers.0.${name}`, 2]));

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeTinyModel(at('model'));
  await using model = await openSourceModel(at('model'));
  for (const type of ['f32', 'q8_0']) await exportGguf(model, ggufFileType(type), at(`${type}.gguf`), context);
  await makeAdapter(at('adapter'), model, modules);
  await makeAdapter(at('dora'), model, modules, { useDora: true });
});
afterAll(() => folder.remove());

const fileAdapter = (name = 'adapter') => ({ folder: at(name), cache: at('cache') });

// llama.cpp keeps keys and values in float16; Q8_0 rounds the weights.
test.each([['f32', 5e-3], ['q8_0', 0.1]])('beside a file of %s it changes what it changes beside our own weights', async (type, tolerance) => {
  await using theirs = await openQuantizedModel(at(`${type}.gguf`), { adapter: fileAdapter(), threads: 1, signal });
  await using plain = await openQuantizedModel(at(`${type}.gguf`), { threads: 1, signal });
  await using ours = await openOwnModel(at('model'), { dtype: 'float32', adapterFolder: at('adapter') });
  const tokenIds = ours.tokenizer.encode('Where does an otter live? In the river.');
  const said = async (model: typeof ours) => (await model.tokenLogProbs([{ tokenIds }], context))[0]!.slice(1).map(Number);
  const expected = await said(ours);
  expect(largestDifference(await said(theirs), expected)).toBeLessThan(tolerance);
  // Or it would show nothing.
  expect(largestDifference(await said(plain), expected)).toBeGreaterThan(2 * tolerance);
  if (type === 'f32') {
    const request = { tokenIds, sampling: { temperature: 0, topP: 1 }, seed: 1, maxNewTokens: 8, stopTokenIds: [], topTokens: 0 };
    expect((await theirs.answer(request, () => false, signal)).tokenIds).toEqual((await ours.answer(request, () => false, signal)).tokenIds);
  }
});

test('it is written once for all files of a model, and anew for another model or adapter', async () => {
  const cache = at('kept');
  const written = (file: string, name = 'adapter') => ggufAdapterBeside(at(file), { folder: at(name), cache }, context);
  expect(await written('q8_0.gguf')).toBe(await written('f32.gguf'));
  await using other = await openSourceModel(await drawModel(at('other'), { architectures: ['LlamaForCausalLM'], vocab_size: 320, hidden_size: 64, intermediate_size: 96, num_hidden_layers: 1, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 128, rms_norm_eps: 1e-5 }));
  await exportGguf(other, ggufFileType('f32'), at('other.gguf'), context);
  await makeAdapter(at('of-other'), other, { 'model.layers.0.mlp.up_proj': 2 });
  await written('other.gguf', 'of-other');
  expect(await readdir(cache)).toHaveLength(2);
  await expect(written('f32.gguf', 'of-other')).rejects.toMatchObject({ code: 'adapter-unfit', message: expect.stringContaining('expected an adapter of the model in') });
  expect(await readdir(cache)).toHaveLength(2);
});

test('what nobody has asked for in a month is removed; who asks keeps it', async () => {
  const cache = at('bounded');
  const path = await ggufAdapterBeside(at('f32.gguf'), { ...fileAdapter(), cache }, context);
  const old = join(cache, 'old.gguf');
  await writeFile(old, '');
  for (const each of [path, old]) await utimes(each, 0, Date.now() / 1000 - 31 * 24 * 3600);
  expect(await ggufAdapterBeside(at('q8_0.gguf'), { ...fileAdapter(), cache }, context)).toBe(path);
  expect(await readdir(cache)).toEqual([basename(path)]);
});

test('what no file can hold, and an adapter of another model, are refused and leave nothing', async () => {
  await expect(ggufAdapterBeside(at('f32.gguf'), { ...fileAdapter('dora'), cache: at('none') }, context)).rejects.toMatchObject({ code: 'adapter-not-representable', message: expect.stringContaining('Merge it into its model') });
  expect(await readdir(at('none'))).toEqual([]);
});
