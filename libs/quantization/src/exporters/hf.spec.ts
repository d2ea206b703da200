import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodePackedFolder } from '../testing/decode-packed-folder.js';
import { decoderConfigs } from '../testing/decoder-configs.js';
import { drawModel } from '../testing/draw-model.js';
import { folderValues } from '../testing/folder-values.js';
import { largestDifference, quietContext, readTinyModel, temporaryFolder } from '../testing/tiny-models.js';
import { exportHf, type HfOptions } from './hf.js';
import { hfTargets } from './hf/hf-targets.js';
import { openSourceModel } from './source-model.js';

async function write(modelFolder: string, name: string, options: HfOptions, folder: string) {
  await using model = await openSourceModel(modelFolder);
  const result = await exportHf(model, hfTargets.find((target) => target.name === name)!, options, folder, quietContext());
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { quantization_config: Record<string, unknown> };
  return { ...result, quantization: config.quantization_config };
}

const cases = ['rtn-int4', 'rtn-int8'].flatMap((name) =>
  (['compressed-tensors', 'gptq'] as const).flatMap((format) => [true, false].flatMap((symmetric) => [32, 0].map((groupSize) => [name, { format, symmetric, groupSize }] as const))),
);

test.each(cases)('%s %j: an independent reader of the format and our own find the same weights, near those of the model', async (name, options) => {
  await using folder = await temporaryFolder();
  const source = await drawModel(join(folder.path, 'model'), decoderConfigs['llama']!);
  const out = join(folder.path, 'out');
  await write(source, name, options, out);
  const [before, after, independent] = [await folderValues(source), await folderValues(out), await decodePackedFolder(out)];
  expect([...independent.keys()].sort()).toEqual([...before.keys()].filter((tensor) => /proj\.weight$/.test(tensor)).map((tensor) => tensor.replace('.weight', '')).sort());
  for (const [tensor, values] of before) {
    const packed = independent.get(tensor.replace(/\.weight$/, ''));
    if (packed === undefined) {
      expect(after.get(tensor)).toEqual(values);
      continue;
    }
    expect(largestDifference(after.get(tensor)!, Float32Array.from(packed.values))).toBe(0);
    // Half a step of a grid that reaches over all of a row, at most; where it need not reach as far on both sides, its ends may lie half a step further in.
    const columns = packed.shape[1]!;
    for (let row = 0; row < packed.shape[0]!; row += 1) {
      const own = values.subarray(row * columns, (row + 1) * columns);
      const step = (2 * Math.max(...own.map(Math.abs))) / (2 ** (name.endsWith('4') ? 4 : 8) - 1);
      expect(largestDifference(after.get(tensor)!.subarray(row * columns, (row + 1) * columns), own)).toBeLessThan(step * (options.symmetric ? 0.57 : 1.07));
    }
  }
});

test('the configuration of compressed-tensors names groups by what they hold, where columns ask for several', async () => {
  await using folder = await temporaryFolder();
  const source = await drawModel(join(folder.path, 'model'), decoderConfigs['mixtral']!);
  const { quantization, content } = await write(source, 'rtn-int4', { groupSize: 64 }, join(folder.path, 'out'));
  const weights = { num_bits: 4, type: 'int', symmetric: true, strategy: 'group', dynamic: false };
  expect(quantization).toEqual({
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    quantization_status: 'compressed',
    config_groups: {
      group_0: {
        targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => `re:.*\\.self_attn\\.${name}$`).concat(['w1', 'w3'].map((name) => `re:.*\\.block_sparse_moe\\.experts\\.\\d+\\.${name}$`)),
        weights: { ...weights, group_size: 64 },
        input_activations: null,
        output_activations: null,
      },
      group_1: { targets: ['re:.*\\.block_sparse_moe\\.experts\\.\\d+\\.w2$'], weights: { ...weights, group_size: 32 }, input_activations: null, output_activations: null },
    },
    ignore: ['lm_head', 'model.layers.0.block_sparse_moe.gate', 'model.layers.1.block_sparse_moe.gate'],
    kv_cache_scheme: null,
    global_compression_ratio: null,
  });
  expect(content).toEqual({ types: { int4: 20 }, fallbacks: [{ wanted: 'int4 in groups of 64', used: 'int4 in groups of 32', columns: 96, tensors: 4 }] });
});

test('the configuration of gptq', async () => {
  await using folder = await temporaryFolder();
  const source = await drawModel(join(folder.path, 'model'), decoderConfigs['llama']!);
  const { quantization } = await write(source, 'rtn-int4', { format: 'gptq', groupSize: 64, symmetric: false }, join(folder.path, 'out'));
  expect(quantization).toEqual({
    quant_method: 'gptq', bits: 4, group_size: 64, desc_act: false, static_groups: false, sym: false, lm_head: false, checkpoint_format: 'gptq', pack_dtype: 'int32',
    dynamic: { '+:.*\\.mlp\\.down_proj$': { bits: 4, group_size: 32 } }, meta: { quantizer: ['tunesmith:0.1.0'] },
  });
  expect(JSON.parse(await readFile(join(folder.path, 'out', 'quantize_config.json'), 'utf8'))).toEqual(quantization);
});

test('Conv1D matrices are written by gptq and refused by compressed-tensors', async () => {
  await using folder = await temporaryFolder();
  const source = await drawModel(join(folder.path, 'model'), decoderConfigs['gpt2']!);
  const out = join(folder.path, 'out');
  await expect(write(source, 'rtn-int8', {}, out)).rejects.toMatchObject({ code: 'format-without-conv1d', message: expect.stringContaining('gptq') });
  await write(source, 'rtn-int8', { format: 'gptq', groupSize: 32 }, out);
  const [before, after, independent] = [await folderValues(source), await folderValues(out), await decodePackedFolder(out)];
  const { shape: [outs, ins], values } = independent.get('transformer.h.1.mlp.c_fc')! as { shape: [number, number]; values: number[] };
  expect([outs, ins]).toEqual([96, 64]);
  const name = 'transformer.h.1.mlp.c_fc.weight';
  expect(Array.from(after.get(name)!)).toEqual(Array.from({ length: ins * outs }, (_, at) => Math.fround(values[(at % outs) * ins + Math.floor(at / outs)]!)));
  expect(largestDifference(after.get(name)!, before.get(name)!)).toBeLessThan(0.01);
});

test('what does not fill the words of gptq stays as it is, and where nothing does, the target is refused', async () => {
  await using folder = await temporaryFolder();
  const source = await drawModel(join(folder.path, 'model'), { ...decoderConfigs['llama']!, intermediate_size: 100 });
  const { quantization, content } = await write(source, 'rtn-int4', { format: 'gptq', groupSize: 64 }, join(folder.path, 'out'));
  expect(content.fallbacks).toContainEqual({ wanted: 'int4 in groups of 64', used: 'what it was', columns: 100, tensors: 2 });
  expect(Object.keys(quantization['dynamic'] as object)).toEqual(expect.arrayContaining(['-:model\\.layers\\.0\\.mlp\\.down_proj$']));
  const after = await folderValues(join(folder.path, 'out'));
  expect(after.get('model.layers.0.mlp.down_proj.weight')).toEqual((await folderValues(source)).get('model.layers.0.mlp.down_proj.weight'));
});

test('a weight that is not finite is refused with its name, and leaves no folder that could be taken for a model', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const values = async (name: string, of: readonly number[]) => {
    const found = await model.weights.values(name, of);
    return name === 'model.layers.1.mlp.up_proj.weight' ? found.fill(NaN, 7, 8) : found;
  };
  const broken = { ...model, weights: Object.assign(Object.create(model.weights) as typeof model.weights, { values }) };
  const out = join(folder.path, 'out');
  await expect(exportHf(broken, hfTargets[0]!, {}, out, quietContext())).rejects.toMatchObject({ code: 'value-not-finite', message: expect.stringContaining('model.layers.1.mlp.up_proj.weight') });
  expect(existsSync(join(out, 'config.json'))).toBe(false);
});

test('the work stops when it is told to', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const stop = new AbortController();
  await expect(exportHf(model, hfTargets[0]!, {}, join(folder.path, 'out'), { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/i);
});
