// The perplexity of a text under what a runtime opens, in rows of 500 tokens: what the bars of quantized files are measured with.
import { readFile } from 'node:fs/promises';
import { runtimeLogProbabilities } from '@tunesmith/quantization';
import { Tokenizer } from '@tunesmith/tokenizers';

const rowTokens = 500;

/** The first `count` tokens of a text, by the tokenizer of a model folder, in rows. */
export async function textRows(modelFolder, text, count) {
  const tokenizer = await Tokenizer.fromFolder(modelFolder);
  const tokenIds = tokenizer.encode(await readFile(text, 'utf8'), { addSpecialTokens: false }).slice(0, count);
  return Array.from({ length: Math.ceil(tokenIds.length / rowTokens) }, (_, row) => tokenIds.slice(row * rowTokens, (row + 1) * rowTokens)).filter((row) => row.length > 1);
}

/** Opens a file by `open` (openGgufRuntime, openOnnxRuntime) and scores the rows. */
export async function perplexityOf(open, path, rows, { threads, signal }) {
  await using runtime = await open(path, { contextSize: 512, threads, signal });
  const logProbabilities = [];
  for (const row of rows) logProbabilities.push(...(await runtimeLogProbabilities(runtime, row, row.map(() => true), signal)));
  return Math.exp(-logProbabilities.reduce((sum, value) => sum + value, 0) / logProbabilities.length);
}

/** One line for a file, and exit code 1 where its bar is not held. */
export function reportRise(name, perplexity, exact, bar) {
  const rise = perplexity / exact - 1;
  const over = bar !== undefined && rise > bar;
  console.log(`${name}: ${perplexity.toFixed(4)}, ${(rise * 100).toFixed(2)} %${bar === undefined ? '' : ` (bar ${bar * 100} %${over ? ', EXCEEDED' : ''})`}`);
  if (over) process.exitCode = 1;
}
