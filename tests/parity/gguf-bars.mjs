// How much GGUF files of a model raise the perplexity of a text in llama.cpp, against our file of it in float32; exit code 1 where a bar is not held.
// Usage: node tools/build.mjs && node tests/parity/gguf-bars.mjs MODEL_FOLDER TEXT.txt [--types q8_0,q6_k,q4_k_m,q4_0] [--tokens 4000] [--importance imatrix.gguf]
// Some thousands of tokens are needed: of 500, a rise of 1 % is chance. llama.cpp rounds what enters products with quantized weights to 8 bits; that is part of each figure.
// Weights that came out of a file of 4 bits lie on its grid: files of the same type then look better than they are, others worse.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportGguf, ggufFileType, openGgufRuntime, openSourceModel, readImportanceFile } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';

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
const rowTokens = 500;

const threads = availableParallelism();
setThreads(threads);
const context = { signal: new AbortController().signal, onProgress() {} };
const tokenizer = await Tokenizer.fromFolder(modelFolder);
const tokenIds = tokenizer.encode(await readFile(text, 'utf8'), { addSpecialTokens: false }).slice(0, Number(options.tokens));
const rows = Array.from({ length: Math.ceil(tokenIds.length / rowTokens) }, (_, row) => tokenIds.slice(row * rowTokens, (row + 1) * rowTokens)).filter((row) => row.length > 1);
const importance = options.importance && (await readImportanceFile(options.importance));
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-bars-'));
try {
  const path = join(folder, 'model.gguf');
  await using model = await openSourceModel(modelFolder);
  const perplexityOf = async (type) => {
    await exportGguf(model, ggufFileType(type), path, context, type === 'f32' ? undefined : importance);
    await using runtime = await openGgufRuntime(path, { contextSize: 512, threads, signal: context.signal });
    const logProbabilities = [];
    for (const row of rows) logProbabilities.push(...(await runtime.logProbabilities(row, row.map(() => true), context.signal)));
    return Math.exp(-logProbabilities.reduce((sum, value) => sum + value, 0) / logProbabilities.length);
  };
  const exact = await perplexityOf('f32');
  console.log(`f32: ${exact.toFixed(4)} (${tokenIds.length} tokens)`);
  for (const type of options.types.split(',')) {
    const perplexity = await perplexityOf(type);
    const rise = perplexity / exact - 1;
    const bar = bars[type];
    const over = bar !== undefined && rise > bar;
    console.log(`${type}${importance ? ' with an importance matrix' : ''}: ${perplexity.toFixed(4)}, ${(rise * 100).toFixed(2)} %${bar === undefined ? '' : ` (bar ${bar * 100} %${over ? ', EXCEEDED' : ''})`}`);
    if (over) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}
