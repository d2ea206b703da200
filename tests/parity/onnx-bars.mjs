// How much ONNX graphs of a model raise the perplexity of a text in onnxruntime-node, against our graph of it in float32; exit code 1 where a bar is not held.
// Usage: node tools/build.mjs && node tests/parity/onnx-bars.mjs MODEL_FOLDER TEXT.txt [--types fp16,int8,int4] [--tokens 4000]
// What gguf-bars.mjs says of few tokens, of rounded activations and of weights that came out of a file of 4 bits holds here too.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportOnnx, onnxDataTypes, openOnnxRuntime, openSourceModel } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { perplexityOf, reportRise, textRows } from './text-perplexity.mjs';

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { types: { type: 'string', default: 'fp16,int8,int4' }, tokens: { type: 'string', default: '4000' } } });
const [modelFolder, text] = positionals;
const wanted = options.types.split(',');
if (!modelFolder || !text || !wanted.every((name) => onnxDataTypes.some((dataType) => dataType.name === name))) {
  console.error('usage: node tests/parity/onnx-bars.mjs MODEL_FOLDER TEXT.txt [--types fp16,int8,int4] [--tokens 4000]');
  process.exit(2);
}
const bars = { fp16: 0.001, int8: 0.01, int4: 0.08 };

const threads = Math.min(2, availableParallelism());
setThreads(threads);
const context = { signal: new AbortController().signal, onProgress() {} };
const rows = await textRows(modelFolder, text, Number(options.tokens));
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-bars-'));
try {
  await using model = await openSourceModel(modelFolder);
  const measure = async (name) => {
    const { file } = await exportOnnx(model, onnxDataTypes.find((dataType) => dataType.name === name), folder, context);
    const perplexity = await perplexityOf(openOnnxRuntime, join(folder, file), rows, { threads, signal: context.signal });
    await rm(join(folder, 'onnx'), { recursive: true });
    return perplexity;
  };
  const exact = await measure('fp32');
  console.log(`fp32: ${exact.toFixed(4)} (${rows.flat().length} tokens)`);
  for (const name of wanted) reportRise(name, await measure(name), exact, bars[name]);
} finally {
  await rm(folder, { recursive: true });
}
