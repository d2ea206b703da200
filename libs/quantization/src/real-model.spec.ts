import { loadForInference, tokenLogProbs } from '@tunesmith/generation';
import { importModel } from '@tunesmith/models';
import { setThreads } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';
import { readFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { exportGguf } from './exporters/gguf.js';
import { ggufFileType } from './exporters/gguf/file-types.js';
import { openSourceModel } from './exporters/source-model.js';
import { perplexity } from './perplexity.js';
import { openGgufRuntime } from './runtimes/llama-cpp-runtime.js';
import { logProbabilities } from './runtimes/model-runtime.js';
import { quietContext, temporaryFolder } from './testing/tiny-models.js';

// The files are too large to be committed: this runs where TUNESMITH_TEST_MODEL names GGUF files of known families, one or several as in PATH.
const files = (process.env.TUNESMITH_TEST_MODEL ?? '').split(delimiter).filter((file) => file !== '');
const testWithModels = files.length > 0 ? test.each(files.map((file) => [basename(file), file] as const)) : test.skip.each([['none', '']]);

testWithModels('%s of TUNESMITH_TEST_MODEL, imported and written in float32, has in llama.cpp the perplexity that it has here within 0.05 %%', async (_, file) => {
  setThreads(2);
  const context = quietContext();
  await using folder = await temporaryFolder();
  const [modelFolder, path] = [join(folder.path, 'model'), join(folder.path, 'model-f32.gguf')];
  await importModel(file, modelFolder, context);
  {
    await using model = await openSourceModel(modelFolder);
    await exportGguf(model, ggufFileType('f32'), path, context);
  }
  const text = await readFile(new URL('../../../tests/parity/fixtures/english.txt', import.meta.url), 'utf8');
  const tokenIds = (await Tokenizer.fromFolder(modelFolder)).encode(text, { addSpecialTokens: false }).slice(0, 500);

  const ours = await (async () => {
    using loaded = await loadForInference(modelFolder, { dtype: 'float32' });
    return perplexity((await tokenLogProbs(loaded.model, [{ tokenIds }], context))[0]!.filter((value) => value !== null));
  })();
  await using runtime = await openGgufRuntime(path, { contextSize: 512, threads: 2, signal: context.signal });
  const theirs = perplexity(await logProbabilities(runtime, tokenIds, tokenIds.map(() => true), context.signal));
  const figures = { tokens: tokenIds.length, ours, theirs };
  expect({ ...figures, within: Math.abs(ours / theirs - 1) < 5e-4 }).toEqual({ ...figures, within: true });
}, 600_000);
