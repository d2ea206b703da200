import { openSafetensors, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawModel } from '../testing/draw-model.js';
import { onnxDataType } from '../testing/onnx-data-type.js';
import { quietContext, readTinyModel, temporaryFolder, tinyModelNames } from '../testing/tiny-models.js';
import { exportOnnx } from './onnx.js';
import { onnxDataTypes } from './onnx/data-types.js';
import { writeOnnxFolder } from './onnx/onnx-folder.js';
import { openSourceModel } from './source-model.js';
import { WeightReader } from './weight-reader.js';

describe.each(tinyModelNames)('the graph of %s', (name) => {
  const tiny = readTinyModel(name);

  test('is refused where a tensor is missing or has another shape', async () => {
    await using folder = await temporaryFolder();
    await using model = await openSourceModel(tiny.folder);
    await using tensors = await openSafetensors(tiny.folder);
    const without = { ...tensors, has: (tensor: string) => tensor !== 'model.norm.weight' && tensors.has(tensor), info: (tensor: string) => tensors.info(tensor), read: (tensor: string) => tensors.read(tensor) };
    const broken = { ...model, weights: new WeightReader({ ...without, names: () => tensors.names(), close: () => tensors.close(), [Symbol.asyncDispose]: () => tensors.close() }) };
    await expect(exportOnnx(broken, onnxDataType('int4'), folder.path, quietContext())).rejects.toMatchObject({ code: 'tensor-missing', message: expect.stringContaining('model.norm.weight') });
  });
});

test('a graph of several targets lies in a folder that transformers.js and genai load', async () => {
  await using folder = await temporaryFolder();
  const tiny = readTinyModel('gemma3');
  await using model = await openSourceModel(tiny.folder);
  await exportOnnx(model, onnxDataType('fp32'), folder.path, quietContext());
  await exportOnnx(model, onnxDataType('int4'), folder.path, quietContext());
  await writeOnnxFolder(model, [onnxDataType('fp32'), onnxDataType('int4')], folder.path);
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
      decoder: { filename: 'onnx/model_q4.onnx', num_hidden_layers: 6, head_size: 16 },
    },
  });
});

test.each(['model.layers.0.mlp.up_proj.weight', 'model.layers.1.input_layernorm.weight', 'model.embed_tokens.weight'])('a number in %s that is not finite is refused in every data type, with its place', async (name) => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(await damaged(folder.path, name));
  for (const dataType of onnxDataTypes) {
    await expect(exportOnnx(model, dataType, folder.path, quietContext())).rejects.toMatchObject({ code: 'value-not-finite', message: expect.stringMatching(new RegExp(`${name} .*row ${name.includes('layernorm') ? 0 : 2}, column 3`)) });
  }
});

test('rows that are no whole blocks become float16, and it is said how many', async () => {
  await using folder = await temporaryFolder();
  const config = { architectures: ['LlamaForCausalLM'], vocab_size: 320, hidden_size: 80, intermediate_size: 96, num_hidden_layers: 2, num_attention_heads: 4, head_dim: 16, max_position_embeddings: 128, tie_word_embeddings: true };
  await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), config));
  // q, k, v, gate and up of two layers, and the embedding have rows of 80; o has 64, down 96.
  const { content } = await exportOnnx(model, onnxDataType('int8'), folder.path, quietContext());
  expect(content).toEqual({ types: { f16: 11, int8: 4, f32: 5 }, fallbacks: [{ wanted: 'int8', used: 'f16', columns: 80, tensors: 11 }] });
});

test('the work stops when it is told to', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const stop = new AbortController();
  const context = { signal: stop.signal, onProgress: () => stop.abort() };
  await expect(exportOnnx(model, onnxDataType('int4'), folder.path, context)).rejects.toThrow(/abort/i);
});

/** A copy of the tiny Llama with NaN at row 2, column 3 of a tensor (of a vector: column 3). */
async function damaged(folder: string, name: string): Promise<string> {
  const tiny = readTinyModel('llama').folder;
  await using tensors = await openSafetensors(tiny);
  const entries: SafetensorsEntry[] = [];
  for (const tensor of tensors.names()) {
    const { dtype, shape } = tensors.info(tensor);
    const bytes = (await tensors.read(tensor)).slice();
    const place = (shape.length > 1 ? 2 * shape[1]! : 0) + 3;
    if (tensor === name) new DataView(bytes.buffer).setUint16(2 * place, 0x7fc0, true);
    entries.push({ name: tensor, dtype, shape: [...shape], bytes });
  }
  await writeModelFolder(folder, { config: JSON.parse(readFileSync(join(tiny, 'config.json'), 'utf8')) as Record<string, unknown>, tensors: entries });
  return folder;
}
