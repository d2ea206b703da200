import { join } from 'node:path';
import { readModelFolder, writeModelFolder } from './model-folder.js';
import type { SafetensorsEntry } from './safetensors-writer.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const entry = (name: string, dtype: string, shape: readonly number[], values: Int32Array | Float32Array | Int8Array | BigInt64Array | Uint16Array): SafetensorsEntry => ({ name, dtype, shape, bytes: new Uint8Array(values.buffer) });
const norm = entry('norm.weight', 'F32', [2], new Float32Array([1, 2]));

/** Two rows of eight levels, 0 to 7 and 8 to 15; scales 0.5 and 2, zeros 8 (4 bits, symmetric). */
const packed = [
  entry('up.weight_packed', 'I32', [2, 1], Int32Array.of(0x76543210, 0xfedcba98 | 0)),
  entry('up.weight_scale', 'F32', [2, 1], new Float32Array([0.5, 2])),
  entry('up.weight_shape', 'I64', [2], BigInt64Array.of(2n, 8n)),
];
const compressed = { quant_method: 'compressed-tensors', format: 'pack-quantized', config_groups: { group_0: { weights: { num_bits: 4 } } } };

async function open(quantization: Record<string, unknown>, tensors: readonly SafetensorsEntry[], more: Record<string, unknown> = {}) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'model');
  await writeModelFolder(path, { config: { hidden_size: 8, ...more, quantization_config: quantization }, tensors });
  try {
    const model = await readModelFolder(path);
    return { model, [Symbol.asyncDispose]: async () => (await model[Symbol.asyncDispose](), await folder[Symbol.asyncDispose]()) };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function valuesOf(model: Awaited<ReturnType<typeof readModelFolder>>, name: string): Promise<number[]> {
  const { buffer, byteOffset, byteLength } = await model.tensors.read(name);
  return [...new Float32Array(buffer, byteOffset, byteLength / 4)];
}

test('compressed-tensors: a packed linear appears as its weight, everything else as it is', async () => {
  await using opened = await open(compressed, [...packed, norm]);
  const { tensors, config } = opened.model;
  expect(config).toEqual({ hidden_size: 8 });
  expect([...tensors.names()].sort()).toEqual(['norm.weight', 'up.weight']);
  expect(tensors.info('up.weight')).toEqual({ name: 'up.weight', dtype: 'F32', shape: [2, 8], byteLength: 64 });
  expect(await valuesOf(opened.model, 'up.weight')).toEqual([-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0, 2, 4, 6, 8, 10, 12, 14]);
  expect(await valuesOf(opened.model, 'norm.weight')).toEqual([1, 2]);
  expect([tensors.locate?.('up.weight'), tensors.locate?.('norm.weight')]).toEqual([undefined, expect.objectContaining({ begin: expect.any(Number) })]);
});

test('compressed-tensors: zero points are packed over the rows', async () => {
  await using opened = await open(compressed, [...packed, entry('up.weight_zero_point', 'I32', [1, 1], Int32Array.of(0x91))]);
  expect(await valuesOf(opened.model, 'up.weight')).toEqual([-0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, -2, 0, 2, 4, 6, 8, 10, 12]);
});

test('compressed-tensors: int8 with a scale for each row', async () => {
  const tensors = [entry('up.weight', 'I8', [2, 2], Int8Array.of(-128, 127, 3, -4)), entry('up.weight_scale', 'F32', [2, 1], new Float32Array([0.5, 2])), norm];
  await using opened = await open({ ...compressed, format: 'int-quantized' }, tensors);
  expect(await valuesOf(opened.model, 'up.weight')).toEqual([-64, 63.5, 6, -8]);
  expect(await valuesOf(opened.model, 'norm.weight')).toEqual([1, 2]);
});

/** Eight outputs of eight inputs in two groups: input i has level i everywhere; group 0 the zero 3 and the scale 1, group 1 the zero 1 and the scale 2. */
const gptq = (subtracted: number) => [
  entry('up.qweight', 'I32', [1, 8], new Int32Array(8).fill(0x76543210)),
  entry('up.qzeros', 'I32', [2, 1], Int32Array.of(0x11111111 * (3 - subtracted), 0x11111111 * (1 - subtracted))),
  entry('up.scales', 'F16', [2, 8], new Uint16Array(16).fill(0x3c00, 0, 8).fill(0x4000, 8)),
];
const row = [-3, -2, -1, 0, 6, 8, 10, 12];

test.each([['gptq', 1], ['gptq_v2', 0]] as const)('%s stores zero points less %d', async (format, subtracted) => {
  await using opened = await open({ quant_method: 'gptq', bits: 4, checkpoint_format: format }, gptq(subtracted));
  expect(opened.model.tensors.info('up.weight').shape).toEqual([8, 8]);
  expect(await valuesOf(opened.model, 'up.weight')).toEqual(Array.from({ length: 8 }, () => row).flat());
});

test('gptq: columns may name their group, and matrices of GPT-2 lie the other way round', async () => {
  const ordered = [...gptq(1), entry('up.g_idx', 'I32', [8], Int32Array.of(1, 0, 1, 0, 1, 0, 1, 0))];
  await using opened = await open({ quant_method: 'gptq', bits: 4 }, ordered, { model_type: 'gpt2' });
  const expected = [-2, -2, 2, 0, 6, 2, 10, 4];
  expect(await valuesOf(opened.model, 'up.weight')).toEqual(expected.flatMap((value) => new Array<number>(8).fill(value)));
});

test.each<[string, Record<string, unknown>, readonly SafetensorsEntry[], RegExp]>([
  ['no weight_shape', compressed, packed.slice(0, 2), /up\.weight_shape: is missing/],
  ['a weight_shape of other words', compressed, [...packed.slice(0, 2), entry('up.weight_shape', 'I64', [2], BigInt64Array.of(2n, 80n))], /\[2, 80\] for packed words \[2, 1\]/],
  ['groups of several widths of levels', { ...compressed, config_groups: { a: { weights: { num_bits: 4 } }, b: { weights: { num_bits: 8 } } } }, packed, /num_bits of all config_groups must be one number/],
  ['bits that gptq does not have', { quant_method: 'gptq', bits: 5 }, gptq(1), /bits is 5/],
  ['a version that is not known', { quant_method: 'gptq', bits: 4, checkpoint_format: 'marlin' }, gptq(1), /marlin; expected gptq or gptq_v2/],
])('refused: %s', async (_, quantization, tensors, message) => {
  await expect(open(quantization, tensors)).rejects.toMatchObject({ code: 'model-folder-bad-quantization', message: expect.stringMatching(message) });
});

test.each<[string, Record<string, unknown>, readonly SafetensorsEntry[], RegExp]>([
  ['no scales', compressed, [packed[0]!, packed[2]!], /up\.weight_scale: is missing/],
  ['scales of other rows', compressed, [packed[0]!, entry('up.weight_scale', 'F32', [3, 1], new Float32Array(3)), packed[2]!], /weight_scale \[3, 1\] for a weight of \[2, 8\]/],
  ['a group that is not there', { quant_method: 'gptq', bits: 4 }, [...gptq(1), entry('up.g_idx', 'I32', [8], new Int32Array(8).fill(7))], /group 7 of 2/],
])('refused when it is read: %s', async (_, quantization, tensors, message) => {
  await using opened = await open(quantization, tensors);
  await expect(opened.model.tensors.read('up.weight')).rejects.toMatchObject({ code: 'model-folder-bad-quantization', message: expect.stringMatching(message) });
});

test('what another library packed keeps its quantization_config, so that whoever reads the configuration refuses it', async () => {
  await using opened = await open({ quant_method: 'bitsandbytes' }, [norm]);
  expect(opened.model.config).toMatchObject({ quantization_config: { quant_method: 'bitsandbytes' } });
});
