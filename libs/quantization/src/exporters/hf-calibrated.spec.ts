import { openSafetensors } from '@tunesmith/checkpoints';
import { loadForInference } from '@tunesmith/generation';
import { packTokens } from '@tunesmith/nn';
import { liveTensors, memoryUse, noGrad, ops, resetPeakMemory, scope, setThreads, type Tensor } from '@tunesmith/tensor';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodePackedFolder } from '../testing/decode-packed-folder.js';
import { decoderConfigs } from '../testing/decoder-configs.js';
import { drawModel } from '../testing/draw-model.js';
import { folderValues } from '../testing/folder-values.js';
import { largestDifference, quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { exportHf, type HfOptions } from './hf.js';
import { hfTargets } from './hf/hf-targets.js';
import { openSourceModel } from './source-model.js';

const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ index, tokenIds: Array.from({ length: 40 }, (_token, place) => 6 + ((place * (97 + index) + index * 31) % 310)), lossMask: new Array<boolean>(40).fill(true) }));
const calibration = rowsOf(12);
const heldOut = rowsOf(20).slice(12).map(({ tokenIds }) => tokenIds);

beforeAll(() => setThreads(1));

async function write(source: string, name: string, options: HfOptions, folder: string, rows = calibration) {
  await using model = await openSourceModel(source);
  return await exportHf(model, hfTargets.find((target) => target.name === name)!, options, folder, quietContext(), { calibration: rows });
}

/** How far what the model makes of held-out rows is from what the source makes of them. */
async function loss(source: string, folder: string): Promise<number> {
  using before = await loadForInference(source, { dtype: 'float32' });
  using after = await loadForInference(folder, { dtype: 'float32' });
  return scope(() => noGrad(() => {
    const hidden = ({ model }: typeof before): Tensor => model.hidden(packTokens(heldOut));
    return ops.sumAll(ops.square(ops.sub(hidden(before), hidden(after)))).item();
  }));
}

describe.each(Object.entries(decoderConfigs))('of %s', (family, config) => {
  const format = family === 'gpt2' ? 'gptq' : 'compressed-tensors';

  test('gptq is nearer to the model than rounding to nearest, in files that an independent reader reads as we do', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const source = await drawModel(place('model'), config);
    await write(source, 'rtn-int4', { format, groupSize: 32 }, place('rtn'));
    const { calibration: budget } = await write(source, 'gptq-int4', { format, groupSize: 32 }, place('gptq'));
    expect(budget).toMatchObject({ rows: 12, tokens: 480 });
    expect(await loss(source, place('gptq'))).toBeLessThan(0.95 * (await loss(source, place('rtn'))));
    const [after, independent] = [await folderValues(place('gptq')), await decodePackedFolder(place('gptq'))];
    for (const [path, { shape: [outs, ins], values }] of independent) {
      const ours = after.get(`${path}.weight`)!;
      const turned = family === 'gpt2' ? Float32Array.from(values, (_, at) => values[(at % outs!) * ins! + Math.floor(at / outs!)]!) : Float32Array.from(values);
      expect(largestDifference(ours, turned)).toBe(0);
    }
  });
});

describe.each(Object.entries(decoderConfigs).filter(([family]) => family !== 'gpt2'))('of %s', (_, config) => {
  test('awq is nearer to the model than rounding to nearest, and w8a8 keeps its function while scales move from norms into weights', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const source = await drawModel(place('model'), config);
    await write(source, 'rtn-int4', { groupSize: 32, symmetric: false }, place('rtn'));
    await write(source, 'awq-int4', { groupSize: 32 }, place('awq'));
    const nearest = await loss(source, place('rtn'));
    expect(await loss(source, place('awq'))).toBeLessThan(nearest);
    await write(source, 'w8a8', {}, place('w8a8'));
    expect(await loss(source, place('w8a8'))).toBeLessThan(nearest / 20);
    const [before, after] = [await folderValues(source), await folderValues(place('w8a8'))];
    expect([...before].some(([name, values]) => /norm|ln_/.test(name) && largestDifference(values, after.get(name)!) > 0.05)).toBe(true);
    for (const [path, { values }] of await decodePackedFolder(place('w8a8'))) expect(largestDifference(after.get(`${path}.weight`)!, Float32Array.from(values))).toBe(0);
  });
});

describe('calibrating', () => {
  test('with groups in the order of activations, gptq lists the group of each column; compressed-tensors has no such list', async () => {
    await using folder = await temporaryFolder();
    const source = await drawModel(join(folder.path, 'model'), decoderConfigs['llama']!);
    const out = join(folder.path, 'out');
    const options = { groupSize: 32, symmetric: false, actOrder: 'group' } as const;
    await expect(write(source, 'gptq-int4', { ...options, format: 'compressed-tensors' }, out)).rejects.toMatchObject({ code: 'format-without-order', message: expect.stringContaining('static') });
    await write(source, 'gptq-int4', options, out);
    await using written = await openSafetensors(out);
    const groups = [...new Int32Array((await written.read('model.layers.0.mlp.down_proj.g_idx')).buffer)];
    expect(groups.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 96 }, (_, column) => Math.floor(column / 32)));
    expect(groups).not.toEqual(groups.toSorted((a, b) => a - b));
    const [after, independent] = [await folderValues(out), await decodePackedFolder(out)];
    for (const [path, { values }] of independent) expect(largestDifference(after.get(`${path}.weight`)!, Float32Array.from(values))).toBe(0);
  });

  test.each(['llama', 'gemma2', 'phi3', 'gpt2'])('%s: gptq that makes up for earlier layers too is nearer to the model, in a folder of the same form; other methods have no such thing', async (family) => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const source = await drawModel(place('model'), { ...decoderConfigs[family]!, [family === 'gpt2' ? 'n_layer' : 'num_hidden_layers']: 4 });
    const format = family === 'gpt2' ? 'gptq' : 'compressed-tensors';
    await write(source, 'gptq-int4', { format, groupSize: 32, damping: 0.1 }, place('alone'), rowsOf(24));
    await write(source, 'gptq-int4', { format, groupSize: 32, compensate: true }, place('beside'), rowsOf(24));
    expect(await loss(source, place('beside'))).toBeLessThan(0.95 * (await loss(source, place('alone'))));
    const [alone, beside] = [await readFile(join(place('alone'), 'config.json')), await readFile(join(place('beside'), 'config.json'))];
    expect(beside.equals(alone)).toBe(true);
    await expect(write(source, 'rtn-int4', { compensate: true }, place('none'))).rejects.toMatchObject({ code: 'option-without-place', message: expect.stringContaining('hf/rtn-int4 takes no compensate') });
  });

  test('three bits fill words over their borders', async () => {
    await using folder = await temporaryFolder();
    const source = await drawModel(join(folder.path, 'model'), decoderConfigs['llama']!);
    const out = join(folder.path, 'out');
    await write(source, 'gptq-int3', { groupSize: 32 }, out);
    const [after, independent] = [await folderValues(out), await decodePackedFolder(out)];
    expect(independent.size).toBe(14);
    for (const [path, { values }] of independent) expect(largestDifference(after.get(`${path}.weight`)!, Float32Array.from(values))).toBe(0);
  });

  test('takes the memory that its plan says, with the rows that fit, and leaves nothing in it', async () => {
    await using folder = await temporaryFolder();
    const wide = { ...decoderConfigs['llama']!, hidden_size: 128, intermediate_size: 256 };
    const source = await drawModel(join(folder.path, 'model'), wide);
    const many = rowsOf(60);
    await write(source, 'gptq-int4', {}, join(folder.path, 'first'), many);
    const [live, { liveBytes }] = [liveTensors(), memoryUse()];
    resetPeakMemory();
    const { calibration: all } = await write(source, 'gptq-int4', {}, join(folder.path, 'all'), many);
    const peak = memoryUse().peakBytes - liveBytes;
    expect(all!.rows).toBe(60);
    expect(peak).toBeLessThan(all!.plannedBytes);
    expect(peak).toBeGreaterThan(all!.plannedBytes / 4);
    expect(liveTensors() - live).toBeLessThan(20);
    const half = (0.6 * all!.plannedBytes) / 2 ** 30;
    resetPeakMemory();
    const { calibration: fewer } = await write(source, 'gptq-int4', { memory: half }, join(folder.path, 'half'), many);
    expect(memoryUse().peakBytes - liveBytes).toBeLessThan(half * 2 ** 30);
    expect(fewer!.rows).toBeGreaterThan(10);
    expect(fewer!.rows).toBeLessThan(60);
    await expect(write(source, 'gptq-int4', { memory: 0.001 }, join(folder.path, 'none'), many)).rejects.toMatchObject({ code: 'memory-too-small', message: expect.stringMatching(/takes 0\.\d GiB; the budget is 0\.001 GiB/) });
  });

  test('is refused without rows, and with rows of too few tokens for the width of the model, with what is needed', async () => {
    await using folder = await temporaryFolder();
    const source = await drawModel(join(folder.path, 'model'), decoderConfigs['llama']!);
    await using model = await openSourceModel(source);
    const target = hfTargets.find(({ name }) => name === 'gptq-int4')!;
    await expect(exportHf(model, target, {}, join(folder.path, 'out'), quietContext())).rejects.toMatchObject({ code: 'calibration-missing', message: expect.stringContaining('hf/gptq-int4') });
    await expect(write(source, 'gptq-int4', {}, join(folder.path, 'out'), rowsOf(1))).rejects.toMatchObject({ code: 'calibration-too-small', message: expect.stringMatching(/40 tokens in 1 rows.* at least 64 tokens, about 2 such rows/) });
  });

  test('the same rows give the same bytes', async () => {
    await using folder = await temporaryFolder();
    const source = await drawModel(join(folder.path, 'model'), decoderConfigs['qwen2']!);
    const read = async (name: string) => {
      await write(source, 'gptq-int4', { groupSize: 32 }, join(folder.path, name));
      await using written = await openSafetensors(join(folder.path, name));
      return Buffer.concat(await Promise.all(Array.from(written.names(), (tensor) => written.read(tensor))));
    };
    expect((await read('one')).equals(await read('two'))).toBe(true);
  });
});
