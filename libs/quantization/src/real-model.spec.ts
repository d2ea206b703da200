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
import { quietContext, temporaryFolder } from './testing/tiny-models.js';

// The files are too large to be committed: this runs where TUNESMITH_TEST_MODEL names GGUF files of known families, one or several as in PATH.
const files = (process.env.TUNESMITH_TEST_MODEL ?? '').split(delimiter).filter((file) => file !== '');
const testWithModels = files.length > 0 ? test.each(files.map((file) => [basename(file), file] as const)) : test.skip.each([['none', '']]);

/** How much a file may raise the perplexity of the float32 one, in llama.cpp, which also rounds what enters products with quantized weights. */
const bars: Readonly<Record<string, number>> = { q8_0: 0.003, q6_k: 0.006, q4_k_m: 0.03, q4_0: 0.09 };

testWithModels('%s of TUNESMITH_TEST_MODEL, imported and written in float32, has in llama.cpp the perplexity that it has here within 0.05 %%; smaller files stay within their bars', async (_, file) => {
  setThreads(2);
  const context = quietContext();
  await using folder = await temporaryFolder();
  const modelFolder = join(folder.path, 'model');
  await importModel(file, modelFolder, context);
  const text = await readFile(new URL('../../../tests/parity/fixtures/english.txt', import.meta.url), 'utf8');
  const tokenIds = (await Tokenizer.fromFolder(modelFolder)).encode(text, { addSpecialTokens: false }).slice(0, 500);
  const inLlamaCpp = async (type: string): Promise<number> => {
    const path = join(folder.path, 'model.gguf');
    await using model = await openSourceModel(modelFolder);
    await exportGguf(model, ggufFileType(type), path, context);
    await using runtime = await openGgufRuntime(path, { contextSize: 512, threads: 2, signal: context.signal });
    return perplexity(await runtime.logProbabilities(tokenIds, tokenIds.map(() => true), context.signal));
  };

  const ours = await (async () => {
    using loaded = await loadForInference(modelFolder, { dtype: 'float32' });
    return perplexity((await tokenLogProbs(loaded.model, [{ tokenIds }], context))[0]!.filter((value) => value !== null));
  })();
  const theirs = await inLlamaCpp('f32');
  const figures = { tokens: tokenIds.length, ours, theirs };
  expect({ ...figures, within: Math.abs(ours / theirs - 1) < 5e-4 }).toEqual({ ...figures, within: true });
  const raised: Record<string, number> = {};
  for (const type of Object.keys(bars)) raised[type] = (await inLlamaCpp(type)) / theirs - 1;
  expect(Object.entries(raised).filter(([type, rise]) => rise > bars[type]!)).toEqual([]);
}, 900_000);
