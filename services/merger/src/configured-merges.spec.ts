import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readMergeConfiguration } from '@tunesmith/contracts';
import { adapterTensorName, float32FromBfloat16, loraAdapterConfig, readModelFolder, readSideFiles, writeAdapter, writeModelFolder } from '@tunesmith/checkpoints';
import { liveTensors, type WorkContext } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';
import { editTinyModel, writeTinyModel } from '@tunesmith/tests-support';
import { makeMergedModel, mergeModels, type MergeReport } from '@tunesmith/merging';

const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merges-'));
  for (const [index, name] of ['base', 'one', 'two'].entries()) await writeTinyModel(at(name), { seed: index + 1, layers: 3 });
  await editTinyModel(at('one'), at('wider'), { tokens: { '<tool>': 3, '<end>': -2 } });
  await editTinyModel(at('two'), at('other-tokens'), { tokens: { '<think>': 5 } });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Merges what a mergekit document says, its models being folders here. */
function merge(document: object, out: string, more: { seed?: number; maxShardBytes?: number; context?: WorkContext } = {}): Promise<MergeReport> {
  const { configuration, models } = readMergeConfiguration(document);
  return mergeModels({ configuration, models: models.map(at), seed: more.seed, maxShardBytes: more.maxShardBytes }, at(out), more.context ?? context);
}

async function weight(model: string, name: string): Promise<number[]> {
  await using opened = await readModelFolder(at(model));
  const bytes = await opened.tensors.read(name);
  return [...float32FromBfloat16(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2))];
}

/** A copy with a head of its own, of other numbers than its embedding. */
async function untie(from: string, to: string): Promise<void> {
  await using model = await readModelFolder(from);
  const tensors = [];
  for (const name of model.tensors.names()) tensors.push({ ...model.tensors.info(name), name, bytes: await model.tensors.read(name) });
  const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')!;
  await writeModelFolder(to, { config: { ...model.config, tie_word_embeddings: false }, tensors: [...tensors, { ...embedding, name: 'lm_head.weight', bytes: Buffer.concat([embedding.bytes.subarray(2), embedding.bytes.subarray(0, 2)]) }], files: await readSideFiles(from, model.sideFiles) });
}

async function config(model: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(at(`${model}/config.json`), 'utf8')) as Record<string, unknown>;
}

const layer = (index: number, part = 'mlp.up_proj'): string => `model.layers.${index}.${part}.weight`;
const pair = (parameters: object = {}) => [{ model: 'one', parameters }, { model: 'two' }];

test('slices stack layers of any model, in any order, twice where asked, and the configuration counts them', async () => {
  const before = liveTensors();
  const slice = (model: string, layer_range: number[]) => ({ sources: [{ model, layer_range }] });
  await merge({ merge_method: 'passthrough', slices: [slice('one', [0, 2]), slice('two', [1, 3]), slice('one', [2, 3])], dtype: 'bfloat16' }, 'stacked');
  expect(liveTensors()).toBe(before);
  expect((await config('stacked'))['num_hidden_layers']).toBe(5);
  const sources = [['one', 0], ['one', 1], ['two', 1], ['two', 2], ['one', 2]] as const;
  for (const [index, [model, from]] of sources.entries()) expect(await weight('stacked', layer(index))).toEqual(await weight(model, layer(from)));
  expect(await weight('stacked', 'model.embed_tokens.weight')).toEqual(await weight('one', 'model.embed_tokens.weight'));
  expect(await weight('stacked', 'model.norm.weight')).toEqual(await weight('one', 'model.norm.weight'));
});

test.each<[string, object, RegExp]>([
  ['parameters under a base that only differences are taken from', { merge_method: 'ties', models: [{ model: 'base', parameters: { weight: 1 } }, { model: 'one' }], parameters: { weight: 1 } }, /^weight under the base: passed over, as mergekit does, since ties takes only differences from it/],
  ['parameters of another method', { merge_method: 'task_arithmetic', models: [{ model: 'one' }], parameters: { weight: 1, density: 0.5 } }, /^task_arithmetic has no density: passed over, as mergekit does. It has weight, normalize/],
])('%s change nothing, and are told', async (name, document, remark) => {
  const [plain, told] = [`${name} plain`, `${name} told`];
  expect((await merge({ ...document, base_model: 'base', models: [{ model: 'one' }], parameters: { weight: 1 } }, plain)).remarks).toBeUndefined();
  expect((await merge({ ...document, base_model: 'base' }, told)).remarks).toEqual([expect.stringMatching(remark)]);
  expect((await readFile(at(`${told}/model.safetensors`))).equals(await readFile(at(`${plain}/model.safetensors`)))).toBe(true);
});

test.each(['ties', 'ram', 'varm', 'sce'])('a slice of the base alone keeps its layers, between others that are merged: %s', async (merge_method) => {
  const of = (models: string[], layer_range: number[]) => ({ sources: models.map((model) => ({ model, layer_range })) });
  const parameters = { ties: { weight: 1 }, varm: { granularity: 'layer' } }[merge_method];
  await merge({ merge_method, base_model: 'base', slices: [of(['base'], [0, 1]), of(['base', 'one'], [1, 2]), of(['base'], [2, 3])], ...(parameters ? { parameters } : {}) }, `${merge_method}-between`);
  for (const index of [0, 2]) expect(await weight(`${merge_method}-between`, layer(index))).toEqual(await weight('base', layer(index)));
  expect(await weight(`${merge_method}-between`, layer(1))).not.toEqual(await weight('base', layer(1)));
});

test('gradients run over the layers, filters choose by name, and the nearest setting counts', async () => {
  const weightOfOne = [{ filter: 'self_attn', value: 1 }, { filter: 'layers', value: [0, 0.5, 1] }, { value: 0.25 }];
  await merge({ merge_method: 'linear', models: [{ model: 'one', parameters: { weight: weightOfOne } }, { model: 'two', parameters: { weight: [{ filter: 'self_attn', value: 0 }] } }], parameters: { weight: [1, 0.5, 0], normalize: false } }, 'graded');
  const [one, two] = [await weight('one', layer(1)), await weight('two', layer(1))];
  expect(await weight('graded', layer(0))).toEqual(await weight('two', layer(0)));
  expect(await weight('graded', layer(2))).toEqual(await weight('one', layer(2)));
  (await weight('graded', layer(1))).forEach((value, index) => expect(value).toBeCloseTo((one[index]! + two[index]!) / 2, 2));
  for (const index of [0, 1, 2]) expect(await weight('graded', layer(index, 'self_attn.q_proj'))).toEqual(await weight('one', layer(index, 'self_attn.q_proj')));
  // Outside the layers the gradient is at its begin.
  const [a, b] = [await weight('one', 'model.embed_tokens.weight'), await weight('two', 'model.embed_tokens.weight')];
  (await weight('graded', 'model.embed_tokens.weight')).forEach((value, index) => expect(value).toBeCloseTo(0.25 * a[index]! + b[index]!, 2));
});

test('filters see a head that is tied as a head, beside one of its own', async () => {
  await untie(at('two'), at('headed'));
  const weights = (value: number) => ({ weight: [{ filter: 'embed', value: 0 }, { filter: 'lm_head', value }, { value: 1 }] });
  await merge({ merge_method: 'linear', models: [{ model: 'one', parameters: weights(1) }, { model: 'headed', parameters: weights(0) }], parameters: { normalize: false } }, 'head-of-one');
  expect(await weight('head-of-one', 'lm_head.weight')).toEqual(await weight('one', 'model.embed_tokens.weight'));
  expect((await weight('head-of-one', 'model.embed_tokens.weight')).every((value) => value === 0)).toBe(true);
  expect((await config('head-of-one'))['tie_word_embeddings']).toBe(false);
});

test('ids of tokens are those of the tokenizer that was chosen, also where its model says nothing of them', async () => {
  await editTinyModel(at('one'), at('ends-elsewhere'), { config: { eos_token_id: 7, bos_token_id: undefined } });
  await editTinyModel(at('two'), at('padded'), { config: { pad_token_id: 5 } });
  await merge({ merge_method: 'linear', base_model: 'padded', models: [{ model: 'ends-elsewhere' }], parameters: { weight: 1 }, tokenizer_source: 'ends-elsewhere' }, 'ends-as-chosen');
  const written = await config('ends-as-chosen');
  expect(['eos_token_id', 'bos_token_id', 'pad_token_id'].map((key) => written[key])).toEqual([7, undefined, undefined]);
});

test('a base that is not listed is merged last by methods that take it as one of the models', async () => {
  await merge({ merge_method: 'linear', models: [{ model: 'one', parameters: { weight: 0 } }], base_model: 'base', parameters: { weight: 1 } }, 'with-base');
  expect(await weight('with-base', layer(0))).toEqual(await weight('base', layer(0)));
});

test('dtype is what weights are merged in, out_dtype what they are stored in', async () => {
  await merge({ merge_method: 'linear', models: pair(), parameters: { weight: 1 }, dtype: 'float32', out_dtype: 'float16' }, 'half');
  expect((await config('half'))['torch_dtype']).toBe('float16');
  await using half = await readModelFolder(at('half'));
  expect(half.tensors.info(layer(0)).dtype).toBe('F16');
});

test('the configuration says what is stored where parents of two types promote to one, under both names that it may have', async () => {
  await merge({ merge_method: 'passthrough', models: [{ model: 'two' }], out_dtype: 'float32' }, 'wide');
  await editTinyModel(at('one'), at('twice-told'), {});
  await writeFile(at('twice-told/config.json'), JSON.stringify({ ...(await config('twice-told')), dtype: 'bfloat16' }));
  await merge({ merge_method: 'linear', models: [{ model: 'twice-told' }, { model: 'wide' }], parameters: { weight: 1 } }, 'promoted');
  await using promoted = await readModelFolder(at('promoted'));
  expect(promoted.tensors.info(layer(0)).dtype).toBe('F32');
  expect(await config('promoted')).toMatchObject({ dtype: 'float32', torch_dtype: 'float32' });
});

test('random methods give the same bytes for the same seed, however they are sharded, and others for another', async () => {
  const document = { merge_method: 'dare_ties', base_model: 'base', models: [{ model: 'one' }, { model: 'two' }], parameters: { weight: 0.5, density: 0.5 } };
  await merge(document, 'seed-1', { seed: 1 });
  await merge(document, 'seed-1-again', { seed: 1, maxShardBytes: 50_000 });
  await merge(document, 'seed-2', { seed: 2 });
  expect(await readdir(at('seed-1-again'))).toEqual(expect.arrayContaining(['model-00001-of-00006.safetensors', 'model.safetensors.index.json']));
  expect(await weight('seed-1-again', layer(2))).toEqual(await weight('seed-1', layer(2)));
  expect(await weight('seed-2', layer(2))).not.toEqual(await weight('seed-1', layer(2)));
});

test('a union of vocabularies has all tokens, with rows from whoever has them', async () => {
  await merge({ merge_method: 'linear', models: [{ model: 'base' }, { model: 'wider' }, { model: 'other-tokens' }], parameters: { weight: 1 }, tokenizer: { source: 'union', pad_to_multiple_of: 64 } }, 'union');
  const tokenizer = await Tokenizer.fromFolder(at('union'));
  const rows = (await weight('base', 'model.embed_tokens.weight')).length / 64;
  expect([tokenizer.tokenId('<tool>'), tokenizer.tokenId('<end>'), tokenizer.tokenId('<think>')]).toEqual([rows, rows + 1, rows + 2]);
  expect((await config('union'))['vocab_size']).toBe(320);
  const embedding = await weight('union', 'model.embed_tokens.weight');
  const rowOf = (id: number): number[] => embedding.slice(id * 64, id * 64 + 64);
  expect([rowOf(rows)[0], rowOf(rows + 1)[63], rowOf(rows + 2)[5]]).toEqual([3, -2, 5]);
  const means = ['base', 'wider', 'other-tokens'].map((name) => weight(name, 'model.embed_tokens.weight'));
  const [x, y, z] = await Promise.all(means);
  expect(rowOf(7)[3]).toBeCloseTo((x![7 * 64 + 3]! + y![7 * 64 + 3]! + z![7 * 64 + 3]!) / 3, 2);
});

test('the base of a slice, where it has one, gives the rows of tokens that others lack', async () => {
  await editTinyModel(at('two'), at('wider-too'), { tokens: { '<tool>': 1 } });
  const sources = ['base', 'wider', 'wider-too'].map((model) => ({ model, layer_range: [0, 3] }));
  const toolOf = async (slice: object, out: string): Promise<number> => {
    await merge({ merge_method: 'linear', slices: [{ sources, ...slice }], parameters: { weight: 1 }, tokenizer_source: 'union', dtype: 'bfloat16' }, out);
    return (await weight(out, 'model.embed_tokens.weight'))[(await Tokenizer.fromFolder(at(out))).tokenId('<tool>')! * 64]!;
  };
  expect(await toolOf({}, 'rows-of-mean')).toBe(2); // of 3, 1 and their mean
  expect(await toolOf({ base_model: 'wider' }, 'rows-of-base')).toBeCloseTo(7 / 3, 1);
});

test('the tokenizer of one model, with rules for tokens', async () => {
  await merge({
    merge_method: 'linear', base_model: 'base', models: [{ model: 'base' }, { model: 'wider' }], parameters: { weight: 1 },
    tokenizer: { source: 'wider', tokens: { '<end>': { source: { kind: 'zero' }, force: true }, '<new>': { source: { kind: 'model_token', model: 'wider', token: '<tool>' } } } },
  }, 'ruled');
  const tokenizer = await Tokenizer.fromFolder(at('ruled'));
  const embedding = await weight('ruled', 'model.embed_tokens.weight');
  const valueOf = (token: string): number => embedding[tokenizer.tokenId(token)! * 64]!;
  expect([valueOf('<tool>'), valueOf('<end>'), valueOf('<new>')]).toEqual([3, 0, 3]);
  expect(tokenizer.decode(tokenizer.encode('the<new>cat', { addSpecialTokens: false }))).toBe('the<new>cat');
});

test('base keeps the vocabulary of the base and drops what others have besides', async () => {
  await merge({ merge_method: 'linear', base_model: 'base', models: [{ model: 'wider' }], tokenizer_source: 'base', chat_template: 'chatml' }, 'as-base');
  expect(await readFile(at('as-base/tokenizer.json'), 'utf8')).toBe(await readFile(at('base/tokenizer.json'), 'utf8'));
  expect(await readFile(at('as-base/chat_template.jinja'), 'utf8')).toContain('<|im_start|>');
  expect((await config('as-base'))['vocab_size']).toBe((await config('base'))['vocab_size']);
});

test('a special token that the embedding has no row for, as in Gemma 3, hinders no merge, and keeps its id', async () => {
  const imaged = async (from: string, to: string): Promise<number> => {
    await editTinyModel(at(from), at(to), {});
    const path = at(`${to}/tokenizer.json`);
    const json = JSON.parse(await readFile(path, 'utf8')) as { added_tokens: object[] };
    const id = (await config(to))['vocab_size'] as number;
    json.added_tokens.push({ id, content: '<image>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true });
    await writeFile(path, JSON.stringify(json));
    return id;
  };
  const id = await imaged('one', 'imaged');
  await imaged('two', 'imaged-too');
  const linear = (models: string[], tokenizer: object, out: string) => {
    const read = readMergeConfiguration({ merge_method: 'linear', models: models.map((model) => ({ model })), parameters: { weight: 1 }, ...tokenizer });
    return makeMergedModel({ merge: { configuration: read.configuration, models: read.models.map(at) }, perplexity: false }, at(out), context);
  };
  expect((await linear(['imaged', 'imaged-too'], {}, 'of-imaged')).examination.tokenizer).toBe('keeps the text');
  await linear(['imaged', 'imaged-too'], { tokenizer_source: 'base' }, 'base-of-imaged');
  expect((await config('base-of-imaged'))['vocab_size']).toBe(id);
  // One more token comes behind it, and it gets a row of zeros with that.
  await linear(['imaged', 'other-tokens'], { tokenizer_source: 'union' }, 'union-of-imaged');
  const tokenizer = await Tokenizer.fromFolder(at('union-of-imaged'));
  expect([tokenizer.tokenId('<image>'), tokenizer.tokenId('<think>'), (await config('union-of-imaged'))['vocab_size']]).toEqual([id, id + 1, id + 2]);
  const embedding = await weight('union-of-imaged', 'model.embed_tokens.weight');
  expect([embedding[id * 64], embedding[(id + 1) * 64]]).toEqual([0, 5]);
});

test('a merge that was stopped goes on where it stopped, and gives the same bytes', async () => {
  const document = { merge_method: 'dare_linear', base_model: 'base', models: pair(), parameters: { weight: 0.5, density: 0.6 } };
  await merge(document, 'whole', { seed: 3, maxShardBytes: 60_000 });
  const controller = new AbortController();
  const stopping = { signal: controller.signal, onProgress: ({ done }: { done: number }) => done === 11 && controller.abort(new Error('killed')) };
  await expect(merge(document, 'continued', { seed: 3, maxShardBytes: 60_000, context: stopping as WorkContext })).rejects.toThrow('killed');
  await expect(readModelFolder(at('continued'))).rejects.toThrow('no config.json');
  // A crash in the middle of a line, and bytes that never reached the disk.
  const journal = await readFile(at('continued/merge.journal'), 'utf8');
  const lines = journal.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(8);
  await writeFile(at('continued/merge.journal'), `${lines.join('\n')}\n{"tensor":"model.la`);
  const [partial] = (await readdir(at('continued'))).filter((name) => name.startsWith('model-00001'));
  const bytes = await readFile(at(`continued/${partial}`));
  bytes.fill(0, bytes.length - 40_000);
  await writeFile(at(`continued/${partial}`), bytes);

  const report = await merge(document, 'continued', { seed: 3, maxShardBytes: 60_000 });
  expect(report.resumedTensors).toBeGreaterThan(0);
  expect(report.resumedTensors).toBeLessThan(lines.length - 1);
  const names = await readdir(at('whole'));
  expect((await readdir(at('continued'))).sort()).toEqual(names.sort());
  for (const name of names) expect(await readFile(at(`continued/${name}`))).toEqual(await readFile(at(`whole/${name}`)));
});

test('a merge whose process is killed goes on from what it had written', async () => {
  const { configuration, models } = readMergeConfiguration({ merge_method: 'ties', base_model: 'base', models: pair(), parameters: { weight: 0.5, density: 0.6 } });
  const request = { configuration, models: models.map(at), seed: 3, maxShardBytes: 60_000 };
  await mergeModels(request, at('unkilled'), context);
  const program = `
    import { mergeModels } from '@tunesmith/merging';
    const [request, out] = process.argv.slice(1);
    await mergeModels(JSON.parse(request), out, { signal: new AbortController().signal, onProgress: ({ done }) => done === 11 && process.kill(process.pid, 'SIGKILL') });`;
  const killed = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(request), at('killed')], { cwd: import.meta.dirname });
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });
  expect((await mergeModels(request, at('killed'), context)).resumedTensors).toBeGreaterThanOrEqual(8);
  const names = await readdir(at('unkilled'));
  expect((await readdir(at('killed'))).sort()).toEqual(names.sort());
  for (const name of names) expect(await readFile(at(`killed/${name}`))).toEqual(await readFile(at(`unkilled/${name}`)));
});

test('a disk that fills half-way is told by its name, and what is written is gone on from when there is space', async () => {
  const document = { merge_method: 'linear', models: pair(), parameters: { weight: 1 } };
  await merge(document, 'with-space');
  const controller = new AbortController();
  const stopping: WorkContext = { signal: controller.signal, onProgress: ({ done }) => done === 6 && controller.abort(new Error('killed')) };
  await expect(merge(document, 'fills', { context: stopping })).rejects.toThrow('killed');
  // Half of it is written; from here on the device is full.
  const partial = at('fills/model.safetensors.partial');
  await rename(partial, at('kept'));
  await symlink('/dev/full', partial);
  await expect(merge(document, 'fills')).rejects.toMatchObject({ code: 'disk-full', message: expect.stringMatching(/no space left to write .*model.safetensors.*goes on from what is written/) });
  await rename(at('kept'), partial);
  expect((await merge(document, 'fills')).resumedTensors).toBeGreaterThanOrEqual(6);
  expect(await readFile(at('fills/model.safetensors'))).toEqual(await readFile(at('with-space/model.safetensors')));
});

test('what is left of another merge is not continued', async () => {
  const document = (weightOfOne: number) => ({ merge_method: 'linear', models: pair({ weight: weightOfOne }), parameters: { weight: 1 } });
  const stopping = (done: number): WorkContext => {
    const controller = new AbortController();
    return { signal: controller.signal, onProgress: (progress) => progress.done === done && controller.abort(new Error('killed')) };
  };
  await expect(merge(document(1), 'reused', { context: stopping(5) })).rejects.toThrow('killed');
  expect((await merge(document(2), 'reused')).resumedTensors).toBe(0);
  await merge(document(2), 'fresh');
  expect(await readFile(at('reused/model.safetensors'))).toEqual(await readFile(at('fresh/model.safetensors')));
});

test('a parent that changes meanwhile is refused, and nothing is kept', async () => {
  await editTinyModel(at('two'), at('changing'), {});
  let touched: Promise<void> | undefined;
  const touching: WorkContext = { ...context, onProgress: () => void (touched ??= utimes(at('changing/model.safetensors'), 1, 1)) };
  const merging = merge({ merge_method: 'linear', models: [{ model: 'one' }, { model: 'changing' }], parameters: { weight: 1 } }, 'of-two-states', { context: touching });
  await expect(merging).rejects.toMatchObject({ code: 'merge-parent-changed', message: expect.stringContaining('was changed while it was being read') });
  expect(await readdir(at('of-two-states'))).toEqual([]);
});

test('a model that an adapter is folded into is compared once, as it is, and called so', async () => {
  const module = 'model.layers.1.self_attn.q_proj';
  const tensors = ([['a', [1, 64]], ['b', [64, 1]]] as const).map(([role, shape]) => ({ name: adapterTensorName(module, role), dtype: 'F32', shape, bytes: new Uint8Array(256) }));
  await writeAdapter(at('lora'), { config: loraAdapterConfig({ rank: 1, alpha: 1, targetModules: ['q_proj'], baseModel: null }), tensors });
  const parentsOf = async (models: string[], out: string): Promise<string[]> => {
    const read = readMergeConfiguration({ merge_method: 'linear', models: models.map((model) => ({ model })), parameters: { weight: 1 } });
    const { examination } = await makeMergedModel({ merge: { configuration: read.configuration, models: read.models.map(at), adapters: read.adapters.map(at) }, perplexity: true }, at(out), context);
    return examination.parents.map(({ name }) => name);
  };
  expect(await parentsOf(['one+lora', 'two'], 'compared')).toEqual(['one without its adapter', 'two']);
  expect(await parentsOf(['one+lora', 'one'], 'compared-once')).toEqual(['one']);
});

test('the result is examined beside its parents and gets a card', async () => {
  const { configuration, models } = readMergeConfiguration({ merge_method: 'slerp', base_model: 'base', models: [{ model: 'one' }], parameters: { t: 0.5 } });
  const { examination } = await makeMergedModel({ merge: { configuration, models: models.map(at) }, perplexity: true, digests: ['sha256:b', 'sha256:o'] }, at('made'), context);
  expect(examination).toMatchObject({ tokenizer: 'keeps the text', notCompared: null, parents: [{ name: 'one' }, { name: 'base' }] });
  expect(examination.result!.perplexity).toBeGreaterThan(1);
  const card = await readFile(at('made/README.md'), 'utf8');
  expect(card).toContain('Spherical linear interpolation');
  expect(card).toContain('https://doi.org/10.1145/325165.325242');
  expect(card).toContain('| base | base | `sha256:o` |');
  expect(card).toMatch(/\| this model \| \d/);
});

describe('refuses', () => {
  const nan = (name: string, bytes: Uint8Array): Uint8Array => {
    const copy = bytes.slice();
    if (name === layer(1)) copy.set([0xc0, 0x7f], 10);
    return copy;
  };
  beforeAll(async () => {
    await writeTinyModel(at('deeper'), { layers: 4 });
    await editTinyModel(at('two'), at('damaged'), { weight: nan });
    await editTinyModel(at('two'), at('holey'), { weight: (name, bytes) => (name === layer(1) ? null : bytes) });
    await editTinyModel(at('two'), at('mute'), { withoutTemplate: true });
    await editTinyModel(at('two'), at('few-rows'), { tokens: { '<far>': 1 } });
    const path = at('few-rows/tokenizer.json');
    const json = JSON.parse(await readFile(path, 'utf8')) as { added_tokens: { content: string }[] };
    await writeFile(path, JSON.stringify({ ...json, added_tokens: json.added_tokens.map((token) => (token.content === '<far>' ? { ...token, id: 900, special: false } : token)) }));
  });

  const linear = (...models: string[]) => ({ merge_method: 'linear', models: models.map((model) => ({ model })), parameters: { weight: 1 } });
  test.each([
    ['a parent with NaN', linear('one', 'damaged'), /expected finite weights; "model.layers.1.mlp.up_proj.weight" of damaged holds NaN/],
    ['a parent that lacks a tensor', linear('one', 'holey'), /model.layers.1.mlp.up_proj.weight is missing/],
    ['vocabularies that differ without a tokenizer source', linear('one', 'wider'), /expected "model.embed_tokens.weight" of shape \[\d+, 64\] in wider; got \[\d+, 64\]. The vocabularies differ: merge them with a tokenizer source/],
    ['models of other depths', linear('one', 'deeper'), /expected models of 3 layers, which one has; deeper has 4/],
    ['a vocabulary larger than its embedding', { ...linear('one', 'few-rows'), tokenizer: { source: 'union' } }, /"<far>" is token 900, and the embedding has \d+ rows/],
    ['a chat template that nobody has', { ...linear('mute'), chat_template: 'auto' }, /expected a model with a chat template among mute; none has one/],
    ['a chat template that is none', { ...linear('one'), chat_template: '{% for message in messages %}{{ message.content }}' }, /chat_template: expected a Jinja template; got one that cannot be read. The chat template cannot be parsed: /],
    ['a chat template by a name that is none', { ...linear('one'), chat_template: 'cahtml' }, /expected auto, one of chatml, llama3, .* got "cahtml"/],
    ['layers that a model does not have', { merge_method: 'passthrough', slices: [{ sources: [{ model: 'one', layer_range: [1, 4] }] }] }, /slices\[0\].sources\[0\]: expected a layer_range inside \[0, 3\], which one has; got \[1, 4\]/],
    ['a model twice', linear('one', 'two', 'one'), /expected every model once among models; one stands there twice/],
    ['an adapter that is none', { ...linear('one'), merge_method: 'lora-fold' }, /lora-fold: models: expected a model with an adapter, MODEL\+ADAPTER; got one alone/],
    ['slices of sources that are not as long', { merge_method: 'linear', slices: [{ sources: [{ model: 'one', layer_range: [0, 3] }, { model: 'two', layer_range: [0, 2] }] }] }, /slices\[0\]: expected as many layers of each source; got 3, 2/],
    ['a method that needs a base without one', { ...linear('one', 'two'), merge_method: 'ties' }, /ties: models: expected a base model, which the differences are taken from; got none/],
    ['no model besides the base', { ...linear('base'), merge_method: 'ties', base_model: 'base', parameters: { weight: 1 } }, /ties: models: expected at least 1 model\(s\) besides the base; got 0/],
    ['more models than a method takes', { ...linear('one', 'two'), merge_method: 'passthrough' }, /passthrough: models: expected 1 model\(s\); got 2/],
    ['a density outside 0 to 1', { ...linear('one'), merge_method: 'ties', base_model: 'base', parameters: { weight: 1, density: 1.5 } }, /ties.density: expected .* from 0 to 1/],
    ['an unknown parameter', { ...linear('one'), parameters: { wieght: 1 } }, /linear: expected parameters among weight, normalize; got wieght/],
    ['a base that the sources of a slice do not have, where a method can do without', { merge_method: 'nuslerp', base_model: 'base', parameters: { weight: 1 }, slices: [{ sources: [{ model: 'one', layer_range: [0, 3] }, { model: 'two', layer_range: [0, 3] }] }] }, /nuslerp: slices\[0\]: expected a base model.*; got one that is not among the sources/],
    ['a parameter of all under one model', { merge_method: 'linear', models: [{ model: 'one', parameters: { normalize: false } }] }, /linear.normalize: expected under the parameters of the whole merge/],
    ['a token from a model that lacks it', { ...linear('one', 'two'), tokenizer: { source: 'union', tokens: { x1: { source: 'one' } } } }, /expected the token "x1" in one, for "x1"; there is none/],
  ])('%s', async (_name, document, message) => {
    const before = liveTensors();
    await expect(merge(document, 'refused')).rejects.toThrow(message);
    await expect(readModelFolder(at('refused'))).rejects.toThrow();
    expect(liveTensors()).toBe(before);
  });
});
