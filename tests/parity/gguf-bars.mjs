// How much GGUF files of a model raise the perplexity of a text in llama.cpp, against our file of it in float32; exit code 1 where a bar is not held.
// Usage: node tools/build.mjs && node tests/parity/gguf-bars.mjs MODEL_FOLDER TEXT.txt [--types q8_0,q6_k,q4_k_m,q4_0] [--tokens 4000] [--importance imatrix.gguf]
// Some thousands of tokens are needed: of 500, a rise of 1 % is chance. llama.cpp rounds what enters products with quantized weights to 8 bits; that is part of each figure.
// Weights that came out of a file of 4 bits lie on its grid: files of the same type then look better than they are, others worse.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportGguf, ggufFileType, openGgufRuntime, openSourceModel, readImportanceFile } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { perplexityOf, reportRise, textRows } from './text-perplexity.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { types: { type: 'string', default: 'q8_0,q6_k,q4_k_m,q4_0' }, tokens: { type: 'string', default: '4000' }, importance: { type: 'string' } },
});
const [modelFolder, text] = positionals;
if (!modelFolder || !text) {
  console.error('usage: node tests/parity/gguf-bars.mjs MODEL_FOLDER TEXT.txt [--types q8_0,q6_k,q4_k_m,q4_0] [--tokens 4000] [--importance imatrix.gguf]');
  process.exit(2);
}
const bars = { q8_0: 0.003, q6_k: 0.006, q4_k_m: 0.03, q4_0: 0.09 };

const threads = availableParallelism();
setThreads(threads);
const context = { signal: new AbortController().signal, onProgress() {} };
const rows = await textRows(modelFolder, text, Number(options.tokens));
const importance = options.importance && (await readImportanceFile(options.importance));
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-bars-'));
try {
  const path = join(folder, 'model.gguf');
  await using model = await openSourceModel(modelFolder);
  const measure = async (type) => {
    await exportGguf(model, ggufFileType(type), path, context, type === 'f32' ? undefined : importance);
    return perplexityOf(openGgufRuntime, path, rows, { threads, signal: context.signal });
  };
  const exact = await measure('f32');
  console.log(`f32: ${exact.toFixed(4)} (${rows.flat().length} tokens)`);
  for (const type of options.types.split(',')) reportRise(`${type}${importance ? ' with an importance matrix' : ''}`, await measure(type), exact, bars[type]);
} finally {
  await rm(folder, { recursive: true });
}
