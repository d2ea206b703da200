import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterTensorName, float32FromBfloat16, loraAdapterConfig, readModelFolder, readSideFiles, writeAdapter, writeModelFolder } from '@tunesmith/checkpoints';
import { liveTensors, type WorkContext } from '@tunesmith/tensor';
import { writeTinyModel } from '@tunesmith/tests-support';
import { mergeModels } from './merge-models.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
const target = 'model.layers.1.self_attn.q_proj';
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merging-'));
  await writeTinyModel(at('base'), { seed: 1 });
  await writeTinyModel(at('other'), { seed: 2 });
  await writeTinyModel(at('larger'), { seed: 1, hiddenSize: 128 });
  await writeRankOneAdapter(at('adapter'), 64, 1);
  await writeRankOneAdapter(at('broken'), 64, NaN);
  await writeRankOneAdapter(at('misfit'), 32, 1);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** B A is `value` in row 3 and zero elsewhere. */
async function writeRankOneAdapter(path: string, size: number, value: number): Promise<void> {
  const a = new Float32Array(size).fill(1);
  const b = new Float32Array(size);
  b[3] = value;
  await writeAdapter(path, {
    config: loraAdapterConfig({ rank: 1, alpha: 2, targetModules: ['q_proj'], baseModel: null }),
    tensors: [
      { name: adapterTensorName(target, 'a'), dtype: 'F32', shape: [1, size], bytes: new Uint8Array(a.buffer) },
      { name: adapterTensorName(target, 'b'), dtype: 'F32', shape: [size, 1], bytes: new Uint8Array(b.buffer) },
    ],
  });
}

async function weight(path: string, name: string): Promise<Float32Array> {
  await using model = await readModelFolder(path);
  const bytes = await model.tensors.read(name);
  return float32FromBfloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2));
}

const merge = (options: Partial<Parameters<typeof mergeModels>[0]>, out: string) =>
  mergeModels({ base: at('base'), models: [], method: 'lora-fold', parameters: {}, ...options }, at(out), context);

test('folds an adapter into the weight it targets and copies everything else byte by byte', async () => {
  const before = liveTensors();
  const report = await merge({ adapter: at('adapter') }, 'folded');
  expect(report).toMatchObject({ method: 'lora-fold', changedTensors: 1, tensors: 20 });
  expect(liveTensors()).toBe(before);

  const [base, folded] = [await weight(at('base'), `${target}.weight`), await weight(at('folded'), `${target}.weight`)];
  folded.forEach((value, index) => {
    const wanted = base[index]! + (Math.floor(index / 64) === 3 ? 2 : 0);
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(Math.abs(wanted) / 256); // one bfloat16 rounding
  });
  expect(await weight(at('folded'), 'model.embed_tokens.weight')).toEqual(await weight(at('base'), 'model.embed_tokens.weight'));
  for (const file of ['config.json', 'tokenizer.json', 'chat_template.jinja', 'generation_config.json']) {
    expect(JSON.stringify(await readFile(at(`folded/${file}`), 'utf8')).length).toBeGreaterThan(2);
  }
});

test('a configuration folds an adapter into one of its models while that is read', async () => {
  await merge({ adapter: at('adapter') }, 'folded-alone');
  const configuration = { inputs: [{ model: 0, adapter: 0, name: 'tuned' }, { model: 1, name: 'other' }], method: 'linear', models: [{ input: 0, parameters: { weight: 1 } }, { input: 1, parameters: { weight: 0 } }], parameters: {} };
  await mergeModels({ configuration, models: [at('base'), at('other')], adapters: [at('adapter')] }, at('folded-within'), context);
  expect(await weight(at('folded-within'), `${target}.weight`)).toEqual(await weight(at('folded-alone'), `${target}.weight`));
});

/** The base with one linear packed in int8: row i holds i − 32, times 0.25 (and `scale` in row 0). */
async function writePacked(path: string, scale = 0.25): Promise<void> {
  await using base = await readModelFolder(at('base'));
  const entries = await Promise.all([...base.tensors.names()].filter((name) => name !== `${target}.weight`).map(async (name) => ({ ...base.tensors.info(name), bytes: await base.tensors.read(name) })));
  const levels = Int8Array.from({ length: 64 * 64 }, (_, place) => Math.floor(place / 64) - 32);
  const scales = new Float32Array(64).fill(0.25).fill(scale, 0, 1);
  await writeModelFolder(path, {
    config: { ...base.config, quantization_config: { quant_method: 'compressed-tensors', format: 'int-quantized', config_groups: { group_0: { weights: { num_bits: 8 } } } } },
    files: await readSideFiles(at('base'), base.sideFiles),
    tensors: [...entries, { name: `${target}.weight`, dtype: 'I8', shape: [64, 64], bytes: new Uint8Array(levels.buffer) }, { name: `${target}.weight_scale`, dtype: 'F32', shape: [64, 1], bytes: new Uint8Array(scales.buffer) }],
  });
}

test('packed weights are decoded, and an adapter is folded into what they stand for', async () => {
  await writePacked(at('packed'));
  const report = await merge({ base: at('packed'), adapter: at('adapter') }, 'unpacked');
  expect(report).toMatchObject({ changedTensors: 1, tensors: 20 });
  await using merged = await readModelFolder(at('unpacked'));
  expect(merged.config['quantization_config']).toBeUndefined();
  expect(merged.tensors.info(`${target}.weight`)).toMatchObject({ dtype: 'F32', shape: [64, 64] });
  expect(merged.tensors.has(`${target}.weight_scale`)).toBe(false);
  const { buffer, byteOffset } = await merged.tensors.read(`${target}.weight`);
  expect(new Float32Array(buffer, byteOffset, 64 * 64)).toEqual(Float32Array.from({ length: 64 * 64 }, (_, place) => (Math.floor(place / 64) - 32) * 0.25 + (Math.floor(place / 64) === 3 ? 2 : 0)));
  expect(await weight(at('unpacked'), 'model.norm.weight')).toEqual(await weight(at('base'), 'model.norm.weight'));
  const before = liveTensors();
  await writePacked(at('packed-broken'), NaN);
  await expect(merge({ base: at('packed-broken'), adapter: at('adapter') }, 'unpacked-broken')).rejects.toMatchObject({ code: 'merge-parent-not-finite' });
  expect(liveTensors()).toBe(before);
});

test('running twice gives the same bytes', async () => {
  await merge({ method: 'slerp', models: [at('other')], parameters: { t: 0.3 } }, 'first');
  await merge({ method: 'slerp', models: [at('other')], parameters: { t: 0.3 } }, 'second');
  expect(await readFile(at('first/model.safetensors'))).toEqual(await readFile(at('second/model.safetensors')));
});

test('the mean of a model and itself is the model', async () => {
  await merge({ method: 'linear', models: [at('base')] }, 'mean');
  expect(await weight(at('mean'), `${target}.weight`)).toEqual(await weight(at('base'), `${target}.weight`));
});

test.each([
  ['linear', { weight: 0.3 }],
  ['task_arithmetic', { weight: 0.4 }],
  ['ram', {}],
])('large weights are made in strips by %s, and go on with what is whole, with the bytes of a merge without strips', async (method, parameters) => {
  const request = { method, base: at('base'), models: [at('other')], parameters, stripBytes: 1000 };
  await merge({ ...request, stripBytes: 1e9 }, `${method}-whole`);
  const halfway = new AbortController();
  const seen: (readonly [number, number])[] = [];
  const onProgress: WorkContext['onProgress'] = ({ done = 0, total = 0 }) => {
    seen.push([done, total]);
    if (done === 3) halfway.abort(new Error('enough'));
  };
  await expect(mergeModels(request, at(`${method}-strips`), { signal: halfway.signal, onProgress })).rejects.toThrow('enough');
  // Of the first weight, a strip that is not the first never reached the disk.
  const noted = (await readFile(at(`${method}-strips/merge.journal`), 'utf8')).trimEnd().split('\n').length - 1;
  const partial = at(`${method}-strips/model.safetensors.partial`);
  const bytes = await readFile(partial);
  bytes.fill(0, 8 + Number(bytes.readBigUInt64LE()) + 1500, 8 + Number(bytes.readBigUInt64LE()) + 1600);
  await writeFile(partial, bytes);
  const before = liveTensors();
  const { tensors, resumedTensors } = await mergeModels(request, at(`${method}-strips`), { ...context, onProgress: ({ done = 0, total = 0 }) => void seen.push([done, total]) });
  expect(noted).toBeGreaterThanOrEqual(3);
  expect(resumedTensors).toBe(noted - 1);
  expect(seen.at(-1)).toEqual([tensors - resumedTensors, tensors - resumedTensors]);
  expect(liveTensors()).toBe(before);
  expect(await readFile(at(`${method}-strips/model.safetensors`))).toEqual(await readFile(at(`${method}-whole/model.safetensors`)));
});

test.each([
  ['an unknown method', { method: 'lienar' }, /expected a method among lora-fold, linear, slerp, .*; got "lienar"/],
  ['a missing adapter', {}, /expected an adapter and no further model besides the base; got no adapter/],
  ['a model of another size', { method: 'linear', models: ['larger'] }, /expected "model.embed_tokens.weight" of shape \[\d+, 64\] in model 1; got \[\d+, 128\]/],
  ['an adapter of another base', { adapter: 'misfit' }, /the adapter updates "model.layers.1.self_attn.q_proj.weight" as \[32, 32\]; the base has \[64, 64\]/],
  ['a result that is not finite', { adapter: 'broken' }, /the merged weight "model.layers.1.self_attn.q_proj.weight" is not finite/],
  ['an unknown parameter', { method: 'slerp', models: ['other'], parameters: { s: 1 } }, /expected parameters among t; got s/],
])('refuses %s', async (_name, { models = [], adapter, ...rest }: { method?: string; models?: string[]; adapter?: string; parameters?: Record<string, unknown> }, message) => {
  await expect(merge({ ...rest, models: models.map(at), ...(adapter ? { adapter: at(adapter) } : {}) }, 'refused')).rejects.toThrow(message);
  await expect(readModelFolder(at('refused'))).rejects.toThrow();
});

test('stops when asked', async () => {
  const signal = AbortSignal.abort(new Error('cancelled by the user'));
  await expect(mergeModels({ base: at('base'), models: [at('other')], method: 'linear', parameters: {} }, at('stopped'), { ...context, signal })).rejects.toThrow('cancelled by the user');
});
