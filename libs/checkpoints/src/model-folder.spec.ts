import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModelFolder, readSideFiles, writeModelFolder } from './model-folder.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const weights = [{ name: 'a', dtype: 'F32', shape: [2], bytes: new Uint8Array(8).fill(1) }];

describe('model folders', () => {
  it('are read as they were written', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'deep/model');
    await writeModelFolder(path, {
      config: { model_type: 'llama' },
      generationConfig: { eos_token_id: [1, 2] },
      files: { 'tokenizer.json': { model: {} }, 'chat_template.jinja': '{{ messages }}', 'merges.txt': new TextEncoder().encode('a b') },
      tensors: weights,
    });
    await using model = await readModelFolder(path);
    expect(model.config).toEqual({ model_type: 'llama' });
    expect(model.generationConfig).toEqual({ eos_token_id: [1, 2] });
    expect(model.sideFiles).toEqual(['tokenizer.json', 'merges.txt', 'chat_template.jinja']);
    expect(await model.tensors.read('a')).toEqual(weights[0]!.bytes);
    expect(await readSideFiles(path, ['chat_template.jinja'])).toEqual({ 'chat_template.jinja': new TextEncoder().encode('{{ messages }}') });
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe('{\n  "model_type": "llama"\n}\n');
  });

  it('are not marked whole when a tensor fails', async () => {
    await using folder = await temporaryFolder();
    const failing = [{ ...weights[0]!, bytes: () => Promise.reject(new Error('broke')) }];
    await expect(writeModelFolder(folder.path, { config: {}, tensors: failing })).rejects.toThrow('broke');
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['without a config', { 'model.safetensors': '' }, 'model-folder-no-config'],
    ['that are adapters', { 'adapter_config.json': '{}' }, 'model-folder-no-config'],
    ['with a pickle only', { 'config.json': '{}', 'pytorch_model.bin': '' }, 'model-folder-pickle'],
    ['with a .pt only', { 'config.json': '{}', 'consolidated.00.pth': '' }, 'model-folder-pickle'],
    ['with a GGUF inside', { 'config.json': '{}', 'm.gguf': '' }, 'model-folder-foreign-weights'],
    ['without weights', { 'config.json': '{}' }, 'model-folder-no-weights'],
    ['with a config that is a list', { 'config.json': '[]', 'model.safetensors': '' }, 'model-folder-bad-json'],
    ['with a config that is not JSON', { 'config.json': '{', 'model.safetensors': '' }, 'file-not-json'],
  ])('%s are refused', async (_, files, code) => {
    await using folder = await temporaryFolder();
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
    await expect(readModelFolder(folder.path)).rejects.toMatchObject({ code });
  });

  it.each([
    ['shards without their index', 'model-00001-of-00002.safetensors', /It has model-00001-of-00002\.safetensors: fetch the model\.safetensors\.index\.json/],
    ['weights under another name', 'weights.safetensors', /It has weights\.safetensors: .*rename it to model\.safetensors/],
  ])('with %s are told what to do', async (_, name, message) => {
    await using folder = await temporaryFolder();
    for (const each of ['config.json', name]) await writeFile(join(folder.path, each), '{}');
    await expect(readModelFolder(folder.path)).rejects.toThrow(message);
  });

  it('that do not exist are refused, and names that leave the folder', async () => {
    await using folder = await temporaryFolder();
    await expect(readModelFolder(join(folder.path, 'none'))).rejects.toMatchObject({ code: 'model-folder-unreadable' });
    await expect(writeModelFolder(folder.path, { config: {}, files: { '../x': '' }, tensors: weights })).rejects.toMatchObject({ code: 'model-folder-bad-name' });
  });
});
