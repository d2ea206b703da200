// Perplexity of one text under llama.cpp on a GGUF file and under ours on the model imported from it, side by side.
//     node tests/parity/perplexity.mjs FILE.gguf TEXT.txt [--dtype bfloat16|float32] [--same-weights]
// With --same-weights also under llama.cpp on the imported weights in float32: it rounds what enters each product to 8 bits where weights are
// quantized, and this figure is without that.
// Build first (npm run build). The imported model goes to a temporary folder.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { tokenLogProbs } from '@tunesmith/generation';
import { importModel, loadModel } from '@tunesmith/models';
import { quantizeModel } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { dtype: { type: 'string', default: 'bfloat16' }, 'same-weights': { type: 'boolean', default: false } } });
const { dtype } = options;
const [file, text] = positionals;
if (!file || !text || !['bfloat16', 'float32'].includes(dtype)) {
  console.error('usage: node tests/parity/perplexity.mjs FILE.gguf TEXT.txt [--dtype bfloat16|float32] [--same-weights]');
  process.exit(2);
}

setThreads(2);
const script = fileURLToPath(new URL('llama-cpp-scores.mjs', import.meta.url));
const scores = async (path) => JSON.parse((await promisify(execFile)(process.execPath, [script, path, text], { maxBuffer: 1 << 28 })).stdout);
const theirs = await scores(file);

const folder = await mkdtemp(join(tmpdir(), 'tunesmith-perplexity-'));
try {
  const context = { signal: new AbortController().signal, onProgress() {} };
  await importModel(file, join(folder, 'model'), context);
  const { model } = await loadModel(join(folder, 'model'), { dtype });
  const [ours] = await tokenLogProbs(model, [{ tokenIds: theirs.tokens }], context);
  const perplexity = (logProbs) => Math.exp(-logProbs.slice(1).reduce((sum, value) => sum + value, 0) / (logProbs.length - 1));
  const figures = { tokens: theirs.tokens.length, ours: perplexity(ours), llamaCpp: perplexity(theirs.logProbs) };
  if (options['same-weights']) {
    await quantizeModel({ modelFolder: join(folder, 'model'), to: ['gguf/f32'], questions: [] }, { gguf: folder, onnx: folder }, context);
    figures.llamaCppSameWeights = perplexity((await scores(join(folder, 'model-f32.gguf'))).logProbs);
  }
  console.log(JSON.stringify({ ...figures, ratio: figures.ours / figures.llamaCpp }));
} finally {
  await rm(folder, { recursive: true });
}
