import { openGguf } from '@tunesmith/checkpoints';
import { loadForInference } from '@tunesmith/generation';
import { importModel } from '@tunesmith/models';
import { packTokens } from '@tunesmith/nn';
import { liveTensors, memoryUse, noGrad, ops, resetPeakMemory, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openGgufRuntime } from '../runtimes/llama-cpp-runtime.js';
import { logProbabilities } from '../runtimes/model-runtime.js';
import { decoderConfigs } from '../testing/decoder-configs.js';
import { drawModel } from '../testing/draw-model.js';
import { quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { exportGguf, type GgufFile } from './gguf.js';
import type { Compensation } from './gguf/compensated-layers.js';
import { ggufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

const root = join(import.meta.dirname, '../../../..');
const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ index, tokenIds: Array.from({ length: 40 }, (_token, place) => 6 + ((place * (97 + index) + index * 31) % 310)), lossMask: new Array<boolean>(40).fill(true) }));
const rows = rowsOf(24);
const heldOut = rowsOf(36).slice(24).map(({ tokenIds }) => tokenIds);
const llama = { ...decoderConfigs['llama']!, num_hidden_layers: 4 };
// Linears of these are turned, stacked or in one piece in GGUF.
const families = ['llama', 'qwen2', 'gemma2', 'phi3', 'mixtral', 'gpt2', 'gpt_neox'];

beforeAll(() => {
  setThreads(1);
  // A process of its own runs what is compiled.
  spawnSync(process.execPath, [join(root, 'tools/build.mjs')]);
});

/** `stopAfter`: so many layers. */
async function write(source: string, type: string, path: string, compensation?: Partial<Compensation>, stopAfter?: number): Promise<GgufFile & { layers: number[] }> {
  await using model = await openSourceModel(source);
  const stop = new AbortController();
  const layers: number[] = [];
  const onProgress = ({ phase, done }: { phase: string; done: number }) => {
    if (phase.startsWith('compensating') && layers.push(done) === stopAfter) stop.abort(new Error('stopped'));
  };
  return { ...(await exportGguf(model, ggufFileType(type), path, { signal: stop.signal, onProgress }, compensation && { compensation: { rows, ...compensation } })), layers };
}

/** How far what a file makes of held-out rows is from what the model makes of them. */
async function loss(source: string, file: string): Promise<number> {
  await importModel(file, `${file}.folder`, quietContext());
  using before = await loadForInference(source, { dtype: 'float32' });
  using after = await loadForInference(`${file}.folder`, { dtype: 'float32' });
  return scope(() => noGrad(() => {
    const hidden = ({ model }: typeof before): Tensor => model.hidden(packTokens(heldOut));
    return ops.sumAll(ops.square(ops.sub(hidden(before), hidden(after)))).item();
  }));
}

test.each(families)('%s: the compensated file has the tensors and sizes of the plain one, is nearer to the model, and llama.cpp reads it', async (family) => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const source = await drawModel(at('model'), decoderConfigs[family]!);
  const plain = await write(source, 'q4_1', at('plain.gguf'));
  const { content, calibration, layers } = await write(source, 'q4_1', at('compensated.gguf'), {});
  expect(plain.content.compensated).toBeUndefined();
  expect(content.types).toEqual(plain.content.types);
  expect(calibration).toMatchObject({ rows: 24, tokens: 960 });
  expect(layers).toEqual([1, 2]);
  await using before = await openGguf(at('plain.gguf'));
  await using after = await openGguf(at('compensated.gguf'));
  const differing: string[] = [];
  for (const name of before.names()) {
    expect(after.info(name)).toEqual(before.info(name));
    if (Buffer.compare(await before.read(name), await after.read(name)) !== 0) differing.push(name);
  }
  const blocks = [...before.names()].filter((name) => /^Q/.test(before.info(name).dtype));
  const others = blocks.filter((name) => !name.startsWith('blk.'));
  expect(differing.sort()).toEqual(blocks.filter((name) => name.startsWith('blk.')).sort());
  expect(content.compensated).toEqual({ tensors: differing.length, others: expect.arrayContaining(others) });
  expect(content.compensated!.others).toHaveLength(others.length);
  expect(await loss(source, at('compensated.gguf'))).toBeLessThan(0.95 * (await loss(source, at('plain.gguf'))));
  await using runtime = await openGgufRuntime(at('compensated.gguf'), { contextSize: 64, threads: 1, signal: quietContext().signal });
  const scores = await logProbabilities(runtime, heldOut[0]!, heldOut[0]!.map(() => true), quietContext().signal);
  expect(scores.every(Number.isFinite)).toBe(true);
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.layers'))).toEqual([]);
});

test('tensors that fall back are compensated as what they became, and those that have no blocks are left as they are', async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const narrow = await drawModel(at('model'), { ...decoderConfigs['llama']!, intermediate_size: 80 });
  const { content } = await write(narrow, 'q4_k_m', at('model.gguf'), {});
  await using written = await openGguf(at('model.gguf'));
  expect(written.info('blk.0.attn_q.weight').dtype).toBe('Q5_0');
  expect(written.info('blk.0.ffn_down.weight').dtype).toBe('F16');
  expect(content.compensated).toEqual({ tensors: 2 * 6, others: expect.arrayContaining(['token_embd.weight', 'output.weight']) });
  await write(narrow, 'q4_k_m', at('plain.gguf'));
  await using plain = await openGguf(at('plain.gguf'));
  expect(Buffer.compare(await written.read('blk.0.ffn_down.weight'), await plain.read('blk.0.ffn_down.weight'))).toBe(0);
});

test('an expert that no token reaches is rounded plainly, and named', async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const source = await drawModel(at('model'), { ...decoderConfigs['mixtral']!, num_local_experts: 8, num_experts_per_tok: 1 });
  const few = rowsOf(2).map((row) => ({ ...row, tokenIds: row.tokenIds.map((_, place) => (place % 2 === 0 ? 7 : 9)) }));
  const { content } = await write(source, 'q8_0', at('model.gguf'), { rows: few });
  expect(content.compensated!.others).toEqual(expect.arrayContaining(['blk.0.ffn_down_exps.weight']));
  await using runtime = await openGgufRuntime(at('model.gguf'), { contextSize: 64, threads: 1, signal: quietContext().signal });
  expect((await logProbabilities(runtime, heldOut[0]!, heldOut[0]!.map(() => true), quietContext().signal)).every(Number.isFinite)).toBe(true);
});

test('what was killed goes on from the layers that were done and ends with the same bytes, with the same rows and settings alone', async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const source = await drawModel(at('model'), llama);
  await write(source, 'q4_0', at('whole.gguf'), {});
  const layersFolder = at('kept');
  const script = `
    const room = (name) => import(${JSON.stringify(join(root, 'libs'))} + '/' + name + '/dist/index.js');
    const [{ exportGguf, ggufFileType, openSourceModel }, { setThreads }] = await Promise.all(['quantization', 'tensor'].map(room));
    const { source, path, compensation } = JSON.parse(process.argv[1]);
    setThreads(1);
    const onProgress = ({ phase, done }) => phase.startsWith('compensating') && done === 2 && process.kill(process.pid, 'SIGKILL');
    await exportGguf(await openSourceModel(source), ggufFileType('q4_0'), path, { signal: new AbortController().signal, onProgress }, { compensation });`;
  const asked = { source, path: at('out.gguf'), compensation: { rows, layersFolder } };
  const { signal, stderr } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, JSON.stringify(asked)], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' }, timeout: 300_000 });
  expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  expect(existsSync(at('out.gguf'))).toBe(false);
  expect(await write(source, 'q4_0', at('out.gguf'), { layersFolder })).toMatchObject({ resumedLayers: 2, layers: [3, 4] });
  expect((await readFile(at('out.gguf'))).equals(await readFile(at('whole.gguf')))).toBe(true);
  for (const [index, other] of [{ damping: 0.2 }, { rows: rowsOf(20) }].entries()) {
    expect(await write(source, 'q4_0', at(`${index}.gguf`), { layersFolder, ...other })).toMatchObject({ resumedLayers: 0, layers: [1, 2, 3, 4] });
    expect((await readFile(at(`${index}.gguf`))).equals(await readFile(at('whole.gguf')))).toBe(false);
  }
});

test('takes the memory that its plan says, leaves nothing in it, and refuses rows that are too few or a budget that is too small', async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const source = await drawModel(at('model'), { ...decoderConfigs['llama']!, hidden_size: 128, intermediate_size: 256 });
  const many = rowsOf(60);
  await write(source, 'q4_k_m', at('first.gguf'), { rows: many });
  const [live, { liveBytes }] = [liveTensors(), memoryUse()];
  resetPeakMemory();
  const { calibration } = await write(source, 'q4_k_m', at('again.gguf'), { rows: many });
  const peak = memoryUse().peakBytes - liveBytes;
  expect(peak).toBeLessThan(calibration!.plannedBytes);
  expect(peak).toBeGreaterThan(calibration!.plannedBytes / 4);
  expect(liveTensors() - live).toBeLessThan(20);
  await expect(write(source, 'q4_k_m', at('few.gguf'), { rows: rowsOf(2) })).rejects.toMatchObject({ code: 'calibration-too-small', message: expect.stringMatching(/80 tokens in 2 rows.*at least 128 tokens/) });
  await expect(write(source, 'q4_k_m', at('small.gguf'), { rows: many, memory: 0.001 })).rejects.toMatchObject({ code: 'memory-too-small' });
  expect(existsSync(at('few.gguf'))).toBe(false);
  await rm(at('again.gguf'));
});
