import { join } from 'node:path';
import { exportGguf } from '../exporters/gguf.js';
import { ggufFileType } from '../exporters/gguf/file-types.js';
import { openSourceModel } from '../exporters/source-model.js';
import { describeRuntime } from '../testing/describe-runtime.js';
import { quietContext, readTinyModel, temporaryFolder, tinyModelNames } from '../testing/tiny-models.js';
import { openGgufRuntime } from './llama-cpp-runtime.js';

describeRuntime('node-llama-cpp', {
  open: openGgufRuntime,
  async write(model, folder) {
    const path = join(folder, 'model-f32.gguf');
    await exportGguf(model, ggufFileType('f32'), path, quietContext());
    return path;
  },
  weightsOf: (path) => path,
  // llama.cpp keeps keys and values in float16.
  tolerance: 5e-3,
});

test.each(tinyModelNames)('reads text with the file of %s as the tokenizer of the model does', async (name) => {
  const tiny = readTinyModel(name);
  await using folder = await temporaryFolder();
  await using model = await openSourceModel(tiny.folder);
  const path = join(folder.path, 'model.gguf');
  await exportGguf(model, ggufFileType('f32'), path, quietContext());
  await using runtime = await openGgufRuntime(path, { contextSize: 64, threads: 1, signal: new AbortController().signal });
  for (const { text, tokenIds } of tiny.texts) expect(runtime.tokenize!(text)).toEqual(tokenIds);
});
