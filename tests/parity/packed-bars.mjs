// How much packed Hugging Face folders of a model raise the perplexity of a text, computed with the weights that they stand for in float32, against the model's own.
// Usage: node tools/build.mjs && node tests/parity/packed-bars.mjs MODEL_FOLDER TEXT.txt --calibration DATASET_FOLDER [--targets rtn-int4,gptq-int4] [--tokens 4000] [--compensate] [--damping 0.1] [--asymmetric] [--group-size 64] [--rows OUT.json] [--score FOLDER]
// --rows: the token ids of the rows to calibrate on are written there, for packed-peer.py. --score: a folder that was packed by another, in place of ours.
// --calibration: a pushed dataset, whose rows to train on are read. --compensate: targets of GPTQ are written as `tunesmith quantize --compensate` does.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrationRows, exportHf, hfTargets, openFolderRuntime, openSourceModel } from '@tunesmith/quantization';
import { setThreads } from '@tunesmith/tensor';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import { perplexityOf, reportRise, textRows } from './text-perplexity.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { calibration: { type: 'string' }, targets: { type: 'string', default: 'rtn-int4,gptq-int4' }, tokens: { type: 'string', default: '4000' }, compensate: { type: 'boolean', default: false }, damping: { type: 'string' }, asymmetric: { type: 'boolean', default: false }, 'group-size': { type: 'string' }, rows: { type: 'string' }, score: { type: 'string' } },
});
const [modelFolder, text] = positionals;
if (!modelFolder || !text || !options.calibration) {
  console.error('usage: node tests/parity/packed-bars.mjs MODEL_FOLDER TEXT.txt --calibration DATASET_FOLDER [--targets rtn-int4,gptq-int4] [--tokens 4000] [--compensate] [--damping 0.1] [--asymmetric] [--group-size 64] [--rows OUT.json] [--score FOLDER]');
  process.exit(2);
}
const threads = availableParallelism();
setThreads(threads);
const context = { signal: new AbortController().signal, onProgress() {} };
const rows = await textRows(modelFolder, text, Number(options.tokens));
const calibration = await calibrationRows(options.calibration, await Tokenizer.fromFolder(modelFolder), await ChatTemplate.fromFolder(modelFolder), { contextLength: Infinity, signal: context.signal });
if (options.rows !== undefined) await writeFile(options.rows, JSON.stringify(calibration.map(({ tokenIds }) => [...tokenIds])));
console.log(`calibrated on ${calibration.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0)} tokens`);
const folder = await mkdtemp(join(tmpdir(), 'tunesmith-bars-'));
try {
  await using model = await openSourceModel(modelFolder);
  const score = (path) => perplexityOf(openFolderRuntime, path, rows, { threads, signal: context.signal });
  const exact = await score(modelFolder);
  console.log(`the model: ${exact.toFixed(4)} (${rows.flat().length} tokens)`);
  if (options.score !== undefined) reportRise(options.score, await score(options.score), exact);
  for (const name of options.score === undefined ? options.targets.split(',') : []) {
    const target = hfTargets.find((each) => each.name === name);
    const compensate = options.compensate && target.method === 'gptq';
    const path = join(folder, name);
    const started = performance.now();
    await exportHf(model, target, { compensate, ...(options['group-size'] && { groupSize: Number(options['group-size']) }), ...(options.asymmetric && { symmetric: false }), ...(options.damping && { damping: Number(options.damping) }) }, path, context, { calibration });
    const seconds = (performance.now() - started) / 1000;
    reportRise(`hf/${name}${compensate ? ', compensated' : ''}`, await score(path), exact);
    console.log(`  written in ${seconds.toFixed(0)} s`);
    await rm(path, { recursive: true });
  }
} finally {
  await rm(folder, { recursive: true });
}
