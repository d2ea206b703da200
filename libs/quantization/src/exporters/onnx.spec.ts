/** @jest-environment ./libs/quantization/src/testing/native-arrays-environment.mjs */
import { openSafetensors, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDecoder } from '../testing/run-decoder.js';
import { largestDifference, largestMagnitude, quietContext, readTinyModel, temporaryFolder, tinyModelNames } from '../testing/tiny-models.js';
import { exportOnnx } from './onnx.js';
import { writeOnnxFolder } from './onnx/onnx-folder.js';
import type { OnnxVariant } from './onnx/onnx-variants.js';
import { mixedInt4 } from './onnx/precision.js';
import { openSourceModel } from './source-model.js';
import { WeightReader } from './weight-reader.js';

async function write(modelFolder: string, variant: OnnxVariant, folder: string): Promise<string> {
  await using model = await openSourceModel(modelFolder);
  const { file } = await exportOnnx(model, variant, folder, quietContext());
  return join(folder, file);
}

describe.each(tinyModelNames)('the graph of %s', (name) => {
  const tiny = readTinyModel(name);

  test('in float32 computes the logits of transformers', async () => {
    await using folder = await temporaryFolder();
    const path = await write(tiny.folder, 'fp32', folder.path);
    for (const { tokenIds, logits } of tiny.rows) expect(largestDifference(await runDecoder(path, [tokenIds]), logits)).toBeLessThan(1e-4);
  });

  test.each(['fp32', 'int4'] as const)('in %s gives the same for a row in pieces with its cache as for the whole row', async (variant) => {
    await using folder = await temporaryFolder();
    const path = await write(tiny.folder, variant, folder.path);
    const { tokenIds } = tiny.rows.at(-1)!;
    const whole = await runDecoder(path, [tokenIds]);
    const pieces = [tokenIds.slice(0, 11), tokenIds.slice(11, 12), tokenIds.slice(12, 30), ...tokenIds.slice(30).map((id) => [id])];
    expect(largestDifference(await runDecoder(path, pieces), whole)).toBeLessThan(1e-4);
  });

  test('in int4 computes what float32 does with the decoded weights, up to the quantized activations', async () => {
    await using folder = await temporaryFolder();
    await writeDecoded(tiny.folder, folder.path);
    const exact = await write(folder.path, 'fp32', folder.path);
    const quantized = await write(tiny.folder, 'int4', folder.path);
    for (const { tokenIds } of tiny.rows) {
      const expected = await runDecoder(exact, [tokenIds]);
      expect(largestDifference(await runDecoder(quantized, [tokenIds]), expected)).toBeLessThan(0.1 * largestMagnitude(expected));
    }
  });

  test('is refused where a tensor is missing or has another shape', async () => {
    await using folder = await temporaryFolder();
    await using model = await openSourceModel(tiny.folder);
    await using tensors = await openSafetensors(tiny.folder);
    const without = { ...tensors, has: (tensor: string) => tensor !== 'model.norm.weight' && tensors.has(tensor), info: (tensor: string) => tensors.info(tensor), read: (tensor: string) => tensors.read(tensor) };
    const broken = { ...model, weights: new WeightReader({ ...without, names: () => tensors.names(), close: () => tensors.close(), [Symbol.asyncDispose]: () => tensors.close() }) };
    await expect(exportOnnx(broken, 'int4', folder.path, quietContext())).rejects.toMatchObject({ code: 'tensor-missing', message: expect.stringContaining('model.norm.weight') });
  });
});

test('a graph of several targets lies in a folder that transformers.js and genai load', async () => {
  await using folder = await temporaryFolder();
  const tiny = readTinyModel('gemma3');
  await using model = await openSourceModel(tiny.folder);
  await exportOnnx(model, 'fp32', folder.path, quietContext());
  await exportOnnx(model, 'int4', folder.path, quietContext());
  await writeOnnxFolder(model, ['fp32', 'int4'], folder.path);
  const read = (file: string) => JSON.parse(readFileSync(join(folder.path, file), 'utf8')) as Record<string, unknown>;
  expect(readdirSync(folder.path, { recursive: true }).sort()).toEqual(
    ['config.json', 'genai_config.json', 'generation_config.json', 'onnx', 'onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data', 'tokenizer.json', 'tokenizer_config.json'].sort(),
  );
  expect(read('config.json')).toMatchObject({ model_type: 'gemma3_text', 'transformers.js_config': { dtype: 'q4', use_external_data_format: { 'model_q4.onnx': 1, 'model.onnx': 1 } } });
  expect(read('tokenizer_config.json')).toMatchObject({ chat_template: expect.stringContaining('<|im_start|>') });
  expect(read('genai_config.json')).toMatchObject({
    model: {
      type: 'gemma3_text',
      vocab_size: tiny.vocabulary,
      eos_token_id: 1,
      decoder: { filename: 'onnx/model_q4.onnx', num_hidden_layers: 6, head_size: 16, sliding_window: { window_size: 8, layers: [0, 1, 2, 3, 4] } },
    },
  });
});

test('the work stops when it is told to', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const stop = new AbortController();
  const context = { signal: stop.signal, onProgress: () => stop.abort() };
  await expect(exportOnnx(model, 'int4', folder.path, context)).rejects.toThrow(/abort/i);
});

/** The model with each matrix as its scheme gives it back. */
async function writeDecoded(from: string, to: string): Promise<void> {
  await using model = await openSourceModel(from);
  const precision = mixedInt4(Number(model.configJson['num_hidden_layers']));
  const tensors: SafetensorsEntry[] = [];
  for (const { huggingFace, shape } of model.family.weights.tensors(model.config)) {
    const values = await model.weights.values(huggingFace, shape);
    const scheme = /embed_tokens|lm_head/.test(huggingFace) ? precision.table : precision.linear(huggingFace.replace(/\.weight$/, ''));
    const decoded = shape.length === 2 ? scheme.decode(scheme.encode(values), values.length) : values;
    tensors.push({ name: huggingFace, dtype: 'F32', shape, bytes: new Uint8Array(decoded.buffer) });
  }
  await writeModelFolder(to, { config: model.configJson, tensors });
}
