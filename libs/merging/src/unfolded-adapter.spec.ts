import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterTensorName, loraAdapterConfig, readAdapter, writeAdapter } from '@tunesmith/checkpoints';
import { answerConversation, loadForInference, ownModel, scoreTokens } from '@tunesmith/generation';
import { adapterParts, fillAdapter, loadModel } from '@tunesmith/models';
import { packTokens, plainParts } from '@tunesmith/nn';
import { liveTensors, noGrad, scope, setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { mergeModels } from './merge-models.js';
import { writeRandomAdapter, type RandomAdapterOptions } from './testing/random-adapter.js';

// An adapter beside the weights makes the model that it makes folded into them (which PEFT agrees with: adapters.peers.spec.ts).

const context = { signal: new AbortController().signal, onProgress: () => undefined };
const fixtures = join(import.meta.dirname, '../../../tests/parity/fixtures/families');
const tolerance = 1e-4;

let root: AsyncDisposable & { path: string };
beforeAll(async () => {
  setThreads(1);
  root = await temporaryFolder('unfolded');
  await writeTinyModel(join(root.path, 'tiny'));
  // In float32, so that nothing is rounded where the adapter is folded in: the mean of equal weights.
  await mergeModels({ base: join(root.path, 'tiny'), models: [join(root.path, 'tiny')], method: 'linear', parameters: { weight: [1, 1] }, dtype: 'float32' }, join(root.path, 'model'), context);
});
afterAll(() => root?.[Symbol.asyncDispose]());

/** Of the tiny model. */
const modules = Object.fromEntries([0, 1].flatMap((layer) => [
  [`model.layers.${layer}.self_attn.q_proj`, [64, 64]], [`model.layers.${layer}.self_attn.v_proj`, [32, 64]], [`model.layers.${layer}.self_attn.o_proj`, [64, 64]],
  [`model.layers.${layer}.mlp.gate_proj`, [128, 64]], [`model.layers.${layer}.mlp.down_proj`, [64, 128]],
])) as Record<string, [number, number]>;

let numbers = 0;
async function adapterWith(changes: Partial<RandomAdapterOptions> = {}): Promise<string> {
  const path = join(root.path, `adapter-${(numbers += 1)}`);
  await writeRandomAdapter(path, { seed: numbers, rank: 4, alpha: 8, modules, scale: 0.2, ...changes });
  return path;
}

async function folded(base: string, adapter: string): Promise<string> {
  await mergeModels({ base, adapter, models: [], method: 'lora-fold', parameters: {}, dtype: 'float32' }, `${adapter}-folded`, context);
  return `${adapter}-folded`;
}

test.each<[string, Partial<RandomAdapterOptions>]>([
  ['LoRA', {}],
  ['rsLoRA', { useRslora: true }],
  ['DoRA', { useDora: true }],
  ['LoRA with a rank of its own for one linear', { rankPattern: { 'model.layers.1.mlp.down_proj': 2 } }],
])('%s: scores within 1e-4, greedy answers token for token', async (_what, changes) => {
  const adapter = await adapterWith(changes);
  const model = join(root.path, 'model');
  const before = liveTensors();
  {
    using beside = await loadForInference(model, { dtype: 'float32', adapterFolder: adapter });
    using merged = await loadForInference(await folded(model, adapter), { dtype: 'float32' });
    using plain = await loadForInference(model, { dtype: 'float32' });
    const rows = [{ text: 'The quick brown fox jumps over the lazy dog.' }, { prompt: 'one', completion: ' two three' }];
    const [one, other, base] = [await scoreTokens(beside, rows, context), await scoreTokens(merged, rows, context), await scoreTokens(plain, rows, context)];
    const numbersOf = (scores: typeof one): number[] => scores.flatMap(({ logProbs }) => logProbs.filter((value) => value !== null));
    const furthest = (left: number[], right: number[]): number => Math.max(...left.map((value, index) => Math.abs(value - right[index]!)));
    expect(furthest(numbersOf(one), numbersOf(other))).toBeLessThan(tolerance);
    expect(furthest(numbersOf(one), numbersOf(base))).toBeGreaterThan(0.05); // the adapter does something
    const question = [{ role: 'user', content: 'Who are you?' } as const];
    const answer = await answerConversation(ownModel(beside), question, { maxNewTokens: 24 }, context);
    expect(answer.tokenIds).toHaveLength(24);
    expect(answer.tokenIds).toEqual((await answerConversation(ownModel(merged), question, { maxNewTokens: 24 }, context)).tokenIds);
  }
  expect(liveTensors()).toBe(before);
});

test('in bfloat16 it is the folded model but for rounding', async () => {
  const adapter = await adapterWith();
  const model = join(root.path, 'model');
  using beside = await loadForInference(model, { dtype: 'bfloat16', adapterFolder: adapter });
  using merged = await loadForInference(await folded(model, adapter), { dtype: 'float32' });
  const [[one], [other]] = [await scoreTokens(beside, [{ text: 'A fox.' }], context), await scoreTokens(merged, [{ text: 'A fox.' }], context)];
  one!.logProbs.forEach((value, index) => value !== null && expect(Math.abs(value - other!.logProbs[index]!)).toBeLessThan(0.15));
});

test.each(['gpt2-new-gelu', 'mixtral-published', 't5-gated-untied'])('of the fixture %s, whatever its linears are', async (name) => {
  const base = join(fixtures, name);
  const expected = JSON.parse(await readFile(join(base, 'expected.json'), 'utf8')) as { rows: number[][]; sources?: number[][] };
  const shapes: Record<string, [number, number]> = {};
  const watched = (await loadModel(base, { dtype: 'float32', parts: (plain) => ({ ...plain, linear: (path, width, out, options) => {
    if (!/lm_head|embed/.test(path)) shapes[path] = [out, width];
    return plain.linear(path, width, out, options);
  } }) })).model;
  watched[Symbol.dispose]();
  const path = await adapterWith({ modules: shapes, fanInFanOut: name.startsWith('gpt2') });
  await using adapter = await readAdapter(path);
  using beside = (await loadModel(base, { dtype: 'float32', parts: adapterParts(adapter) })).model;
  await fillAdapter(beside, adapter);
  using merged = (await loadModel(await folded(base, path), { dtype: 'float32' })).model;
  const logitsOf = (model: typeof merged): number[] => scope(() => noGrad(() => model.logits(model.hidden(packTokens(expected.rows, { ...(expected.sources && { sources: expected.sources }) }))).toArray()));
  const [one, other] = [logitsOf(beside), logitsOf(merged)];
  expect(Math.max(...one.map((value, index) => Math.abs(value - other[index]!)))).toBeLessThan(tolerance);
});

describe('an adapter that does not fit is refused, and nothing of the model stays', () => {
  const refused = async (adapterFolder: string): Promise<unknown> => {
    const before = liveTensors();
    const error: unknown = await loadForInference(join(root.path, 'model'), { dtype: 'float32', adapterFolder }).then(() => undefined, (reason: unknown) => reason);
    expect(liveTensors()).toBe(before);
    return error;
  };

  test('a linear that the model does not have, and one of another width', async () => {
    expect(await refused(await adapterWith({ modules: { 'model.layers.7.mlp.up_proj': [8, 8] } }))).toMatchObject({ code: 'adapter-misfit', message: expect.stringContaining('model.layers.7.mlp.up_proj, which the model does not have') as string });
    expect(await refused(await adapterWith({ modules: { 'model.layers.0.self_attn.q_proj': [64, 32] } }))).toMatchObject({ code: 'adapter-misfit', message: expect.stringContaining('as [4, 64]; got [4, 32]') as string });
  });

  test('values that are no numbers, and weights that are replaced', async () => {
    const config = loraAdapterConfig({ rank: 1, alpha: 1, targetModules: ['q_proj'], baseModel: null });
    const module = 'model.layers.0.self_attn.q_proj';
    const entry = (name: string, shape: number[], value: number) => ({ name, dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => value).buffer) });
    const pair = (value: number) => [entry(adapterTensorName(module, 'a'), [1, 64], value), entry(adapterTensorName(module, 'b'), [64, 1], 1)];
    await writeAdapter(join(root.path, 'nan'), { config, tensors: pair(NaN) });
    expect(await refused(join(root.path, 'nan'))).toMatchObject({ code: 'adapter-not-finite' });
    await writeAdapter(join(root.path, 'head'), { config, tensors: [...pair(1), entry('base_model.model.lm_head.weight', [2, 2], 1)] });
    expect(await refused(join(root.path, 'head'))).toMatchObject({ code: 'adapter-unsupported', message: expect.stringContaining('lm_head.weight') as string });
  });

  test('a model without a place for it is told which are missing', async () => {
    await using adapter = await readAdapter(await adapterWith());
    using model = (await loadModel(join(root.path, 'model'), { dtype: 'float32', parts: () => plainParts({ dtype: 'float32' }) })).model;
    await expect(fillAdapter(model, adapter)).rejects.toMatchObject({ code: 'adapter-misfit', message: expect.stringContaining('and 7 more') as string });
  });
});
