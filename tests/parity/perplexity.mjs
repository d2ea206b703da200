// Perplexity of one text under llama.cpp on a GGUF file and under ours on the model imported from it, side by side.
//     node tests/parity/perplexity.mjs FILE.gguf TEXT.txt [--dtype bfloat16|float32]
// Build first (npm run build). The imported model goes to a temporary folder.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tokenLogProbs } from '@tunesmith/generation';
import { importModel, loadModel } from '@tunesmith/models';
import { setThreads } from '@tunesmith/tensor';

const [file, text, , dtype = 'bfloat16'] = process.argv.slice(2);
if (!file || !text || !['bfloat16', 'float32'].includes(dtype)) {
  console.error('usage: node tests/parity/perplexity.mjs FILE.gguf TEXT.txt [--dtype bfloat16|float32]');
  process.exit(2);
}

setThreads(2);
const script = fileURLToPath(new URL('llama-cpp-scores.mjs', import.meta.url));
const { stdout } = await promisify(execFile)(process.execPath, [script, file, text], { maxBuffer: 1 << 28 });
const theirs = JSON.parse(stdout);

const folder = await mkdtemp(join(tmpdir(), 'tunesmith-perplexity-'));
try {
  const context = { signal: new AbortController().signal, onProgress() {} };
  await importModel(file, folder, context);
  const { model } = await loadModel(folder, { dtype });
  const [ours] = await tokenLogProbs(model, [{ tokenIds: theirs.tokens }], context);
  const perplexity = (logProbs) => Math.exp(-logProbs.slice(1).reduce((sum, value) => sum + value, 0) / (logProbs.length - 1));
  const figures = { tokens: theirs.tokens.length, ours: perplexity(ours), llamaCpp: perplexity(theirs.logProbs) };
  console.log(JSON.stringify({ ...figures, ratio: figures.ours / figures.llamaCpp }));
} finally {
  await rm(folder, { recursive: true });
}
