import { openGguf, type GgufSource } from '@tunesmith/checkpoints';
import { importModel } from '@tunesmith/models';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bf16 } from '../schemes/bf16.js';
import { f32 } from '../schemes/f32.js';
import { q4_0 } from '../schemes/q4_0.js';
import { q8_0 } from '../schemes/q8_0.js';
import type { QuantizationScheme } from '../schemes/quantization-scheme.js';
import { quietContext, readTinyModel, temporaryFolder, tinyModelNames } from '../testing/tiny-models.js';
import { exportGguf } from './gguf.js';
import { openSourceModel } from './source-model.js';

async function write(modelFolder: string, scheme: QuantizationScheme, path: string): Promise<string> {
  await using model = await openSourceModel(modelFolder);
  await exportGguf(model, scheme, path, quietContext());
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

  test.each([bf16, f32])('as $name survives an import and a second export, bit for bit', async (scheme) => {
    await using folder = await temporaryFolder();
    const first = await write(tiny.folder, scheme, join(folder.path, 'first.gguf'));
    await importModel(first, join(folder.path, 'imported'), quietContext());
    const second = await write(join(folder.path, 'imported'), scheme, join(folder.path, 'second.gguf'));
    await using a = await openGguf(first);
    await using b = await openGguf(second);
    expect(await tensorsOf(b)).toEqual(await tensorsOf(a));
    const metadata = (source: GgufSource) => Object.fromEntries([...source.metadata.entries()].filter(([key]) => !/^general\.name$|add_(?:bos|eos)_token$/.test(key)));
    expect(metadata(b)).toEqual(metadata(a));
  });

  test('as q8_0 has quantized matrices, float vectors, and says what it is', async () => {
    await using folder = await temporaryFolder();
    await using source = await openGguf(await write(tiny.folder, q8_0, join(folder.path, 'model.gguf')));
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
    await using source = await openGguf(await write(tiny.folder, q4_0, join(folder.path, 'model.gguf')));
    const tied = !source.has('output.weight');
    expect(tied).toBe(name === 'gemma3');
    expect(source.info('token_embd.weight').dtype).toBe(tied ? 'Q8_0' : 'Q4_0');
    if (!tied) expect(source.info('output.weight').dtype).toBe('Q8_0');
    expect(source.info('blk.0.ffn_down.weight').dtype).toBe('Q4_0');
  });
});

test('a model whose rows are no whole blocks is refused before anything is written', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const narrow = { ...model, config: { ...(model.config as object), hidden_size: 72 } };
  const path = join(folder.path, 'model.gguf');
  await expect(exportGguf(narrow, q8_0, path, quietContext())).rejects.toMatchObject({ code: 'row-not-divisible', message: expect.stringMatching(/rows of 72 .*multiple of 32/) });
  expect(existsSync(path)).toBe(false);
});

test('work that is stopped leaves no file', async () => {
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(readTinyModel('llama').folder);
  const stop = new AbortController();
  const path = join(folder.path, 'model.gguf');
  await expect(exportGguf(model, q8_0, path, { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow(/abort/i);
  expect(existsSync(path)).toBe(false);
});
