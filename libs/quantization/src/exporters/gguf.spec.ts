import { openGguf, type GgufSource } from '@tunesmith/checkpoints';
import { importModel } from '@tunesmith/models';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { drawModel } from '../testing/draw-model.js';
import { quietContext, readTinyModel, temporaryFolder, tinyModelNames } from '../testing/tiny-models.js';
import { exportGguf } from './gguf.js';
import { ggufFileType, type GgufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

async function write(modelFolder: string, fileType: GgufFileType, path: string): Promise<string> {
  await using model = await openSourceModel(modelFolder);
  await exportGguf(model, fileType, path, quietContext());
  return path;
}

async function tensorsOf(source: GgufSource): Promise<Record<string, { dtype: string; shape: readonly number[]; bytes: string }>> {
  const entries = Array.from(source.names(), async (name) => {
    const { dtype, shape } = source.info(name);
    return [name, { dtype, shape, bytes: Buffer.from(await source.read(name)).toString('hex') }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe.each(tinyModelNames)('the GGUF file of %s', (name) => {
  const tiny = readTinyModel(name);

  test.each([ggufFileType('bf16'), ggufFileType('f32')])('as $name survives an import and a second export, bit for bit', async (fileType) => {
    await using folder = await temporaryFolder();
    const first = await write(tiny.folder, fileType, join(folder.path, 'first.gguf'));
    await importModel(first, join(folder.path, 'imported'), quietContext());
    const second = await write(join(folder.path, 'imported'), fileType, join(folder.path, 'second.gguf'));
    await using a = await openGguf(first);
    await using b = await openGguf(second);
    expect(await tensorsOf(b)).toEqual(await tensorsOf(a));
    const metadata = (source: GgufSource) => Object.fromEntries([...source.metadata.entries()].filter(([key]) => !/^general\.name$|add_(?:bos|eos)_token$/.test(key)));
    expect(metadata(b)).toEqual(metadata(a));
  });

  test('as q8_0 has quantized matrices, float vectors, and says what it is', async () => {
    await using folder = await temporaryFolder();
    await using source = await openGguf(await write(tiny.folder, ggufFileType('q8_0'), join(folder.path, 'model.gguf')));
    for (const tensor of source.names()) expect([tensor, source.info(tensor).dtype]).toEqual([tensor, source.info(tensor).shape.length === 2 ? 'Q8_0' : 'F32']);
    expect(source.metadata.string('general.architecture')).toBe(name);
    expect(source.metadata.string('general.type')).toBe('model');
    expect(source.metadata.number('general.file_type')).toBe(7);
    expect(source.metadata.number('general.quantization_version')).toBe(2);
    expect(source.metadata.strings('tokenizer.ggml.tokens')).toHaveLength(tiny.vocabulary);
    expect(source.metadata.string('tokenizer.chat_template')).toContain('<|im_start|>');
  });

  test('as q4_0 keeps the head, or the embedding that serves as one, in q8_0', async () => {
    await using folder = await temporaryFolder();
    await using source = await openGguf(await write(tiny.folder, ggufFileType('q4_0'), join(folder.path, 'model.gguf')));
    const tied = !source.has('output.weight');
    expect(tied).toBe(name === 'gemma3');
    expect(source.info('token_embd.weight').dtype).toBe(tied ? 'Q8_0' : 'Q4_0');
    if (!tied) expect(source.info('output.weight').dtype).toBe('Q8_0');
    expect(source.info('blk.0.ffn_down.weight').dtype).toBe('Q4_0');
  });
});

/** Ten layers of 224 columns, which are no whole super-blocks, and 512 in the middle, which are. */
const mixed = { architectures: ['Qwen2ForCausalLM'], vocab_size: 320, hidden_size: 224, intermediate_size: 512, num_hidden_layers: 10, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, rms_norm_eps: 1e-5, tie_word_embeddings: true };

test('as q4_k_m the layers that matter more are finer, and rows that are no whole blocks take the next scheme, said in the content', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), mixed));
  const { content } = await exportGguf(model, ggufFileType('q4_k_m'), join(folder.path, 'model.gguf'), quietContext());
  await using source = await openGguf(join(folder.path, 'model.gguf'));
  const finer = Array.from({ length: 10 }, (_, layer) => layer).filter((layer) => source.info(`blk.${layer}.ffn_down.weight`).dtype === 'Q6_K');
  // The first eighth, every third between, and the last eighth.
  expect(finer).toEqual([0, 3, 6, 8, 9]);
  expect(source.info('blk.1.ffn_down.weight').dtype).toBe('Q4_K');
  expect(['token_embd', 'blk.0.attn_v', 'blk.1.attn_v', 'blk.0.attn_q'].map((name) => source.info(`${name}.weight`).dtype)).toEqual(['Q8_0', 'Q8_0', 'Q5_0', 'Q5_0']);
  expect(source.metadata.number('general.file_type')).toBe(15);
  expect(content.types).toEqual({ F32: 51, Q4_K: 5, Q5_0: 55, Q6_K: 5, Q8_0: 6 });
  expect(content.fallbacks).toEqual(expect.arrayContaining([{ wanted: 'Q4_K', used: 'Q5_0', columns: 224, tensors: 55 }, { wanted: 'Q6_K', used: 'Q8_0', columns: 224, tensors: 6 }]));
});

test('rows that no block divides become float16', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(await drawModel(join(folder.path, 'model'), { ...mixed, num_hidden_layers: 1, hidden_size: 80 }));
  const { content } = await exportGguf(model, ggufFileType('q4_0'), join(folder.path, 'model.gguf'), quietContext());
  await using source = await openGguf(join(folder.path, 'model.gguf'));
  expect(['token_embd', 'blk.0.attn_q', 'blk.0.ffn_down'].map((name) => source.info(`${name}.weight`).dtype)).toEqual(['F16', 'F16', 'Q4_0']);
  expect(content.fallbacks).toEqual([{ wanted: 'Q6_K', used: 'F16', columns: 80, tensors: 1 }, { wanted: 'Q4_0', used: 'F16', columns: 80, tensors: 6 }]);
});

test('a weight that is not finite is refused by name and place, and leaves no file', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const { weights } = model;
  const damaged = Object.assign(Object.create(weights) as typeof weights, {
    async readInto(name: string, offset: number, target: Uint8Array) {
      await weights.readInto(name, offset, target);
      // Row 3, column 5 of the matrix [64, 64] in bfloat16.
      if (name === 'model.layers.1.self_attn.o_proj.weight' && offset === 0) new Uint16Array(target.buffer, target.byteOffset)[3 * 64 + 5] = 0x7fc0;
    },
  });
  const path = join(folder.path, 'model.gguf');
  await expect(exportGguf({ ...model, weights: damaged }, ggufFileType('q8_0'), path, quietContext())).rejects.toMatchObject({
    code: 'value-not-finite',
    message: expect.stringMatching(/^model\.layers\.1\.self_attn\.o_proj\.weight .*row 3, column 5/),
  });
  expect(existsSync(path)).toBe(false);
});

test('work that is stopped leaves no file', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const stop = new AbortController();
  const path = join(folder.path, 'model.gguf');
  await expect(exportGguf(model, ggufFileType('q8_0'), path, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/i);
  expect(existsSync(path)).toBe(false);
});
