// How much GGUF files of a model raise the perplexity of a text in llama.cpp, against our file of it in float32; exit code 1 where a bar is not held.
// Usage: node tools/build.mjs && node tests/parity/gguf-bars.mjs MODEL_FOLDER TEXT.txt [--types q8_0,q6_k,q4_k_m,q4_0] [--tokens 4000] [--importance imatrix.gguf | --compensate DATASET_FOLDER] [--decoded]
// --compensate: files are written as `tunesmith quantize --compensate` does, by the rows to train on in this folder. --decoded: each file once more, its weights decoded into float32, with
// which llama.cpp rounds nothing else: what is left is what rounding weights costs.
// Some thousands of tokens are needed: of 500, a rise of 1 % is chance. llama.cpp rounds what enters products with quantized weights to 8 bits; that is part of each figure.
// Weights that came out of a file of 4 bits lie on its grid: files of the same type then look better than they are, others worse.
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dequantizeGguf, GgufWriter, openGguf } from '@tunesmith/checkpoints';
import { calibrationRows, exportGguf, ggufFileType, openGgufRuntime, openSourceModel, readImportanceFile } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { perplexityOf, reportRise, textRows } from './text-perplexity.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { types: { type: 'string', default: 'q8_0,q6_k,q4_k_m,q4_0' }, tokens: { type: 'string', default: '4000' }, importance: { type: 'string' }, compensate: { type: 'string' }, decoded: { type: 'boolean', default: false } },
});
const [modelFolder, text] = positionals;
if (!modelFolder || !text) {
  console.error('usage: node tests/parity/gguf-bars.mjs MODEL_FOLDER TEXT.txt [--types q8_0,q6_k,q4_k_m,q4_0] [--tokens 4000] [--importance imatrix.gguf | --compensate DATASET_FOLDER] [--decoded]');
  process.exit(2);
}
const bars = { q8_0: 0.003, q6_k: 0.006, q4_k_m: 0.03, q4_0: 0.09 };

const threads = availableParallelism();
setThreads(threads);
const context = { signal: new AbortController().signal, onProgress() {} };
const rows = await textRows(modelFolder, text, Number(options.tokens));
const importance = options.importance && (await readImportanceFile(options.importance));
const compensation = options.compensate && { rows: await calibrationRows(options.compensate, await Tokenizer.fromFolder(modelFolder), await ChatTemplate.fromFolder(modelFolder), { contextLength: Infinity, signal: context.signal }) };
const care = importance ? ' with an importance matrix' : compensation ? `, compensated by ${compensation.rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0)} other tokens` : '';
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-bars-'));
try {
  const path = join(folder, 'model.gguf');
  await using model = await openSourceModel(modelFolder);
  const write = (type, how) => exportGguf(model, ggufFileType(type), path, context, how);
  const score = () => perplexityOf(openGgufRuntime, path, rows, { threads, signal: context.signal });
  await write('f32');
  const exact = await score();
  console.log(`f32: ${exact.toFixed(4)} (${rows.flat().length} tokens)`);
  for (const type of options.types.split(',')) {
    const started = performance.now();
    await write(type, { importance, compensation });
    const seconds = (performance.now() - started) / 1000;
    reportRise(`${type}${care}`, await score(), exact, bars[type]);
    if (options.decoded) {
      await decode(path);
      reportRise(`${type}${care}, decoded`, await score(), exact);
    }
    console.log(`  written in ${seconds.toFixed(0)} s`);
  }
} finally {
  await rm(folder, { recursive: true });
}

/** Writes the file's weights in float32 in its place. */
async function decode(file) {
  const whole = `${file}.f32`;
  {
    await using source = await openGguf(file);
    const names = [...source.names()];
    await using writer = await GgufWriter.create(whole, { metadata: new Map(source.metadata.entries()), tensors: names.map((name) => ({ name, type: 'F32', shape: source.info(name).shape })) });
    for (const name of names) {
      const { dtype, shape } = source.info(name);
      const values = dequantizeGguf(dtype, await source.read(name), shape.reduce((product, size) => product * size, 1));
      await writer.append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    await writer.finish();
  }
  await rename(whole, file);
}
