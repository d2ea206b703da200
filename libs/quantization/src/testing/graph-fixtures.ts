import { openSafetensors } from '@tunesmith/checkpoints';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportOnnx } from '../exporters/onnx.js';
import { openSourceModel } from '../exporters/source-model.js';
import { onnxDataType } from './onnx-data-type.js';
import { quietContext } from './tiny-models.js';

/** Writes the graphs of a model folder; returns the path of the one that runtimes open. */
export async function writeGraph(modelFolder: string, dataType: Parameters<typeof onnxDataType>[0], folder: string): Promise<string> {
  await using model = await openSourceModel(modelFolder);
  return join(folder, (await exportOnnx(model, onnxDataType(dataType), folder, quietContext())).file);
}

interface ExpectedFile extends Record<'rows' | 'prompts' | 'continuations', number[][]> {
  readonly sources?: number[][];
  readonly promptSources?: number[][];
}

/** What transformers computes with a tiny model of tests/parity/fixtures/families. Sources are empty but for encoder-decoders. */
export async function readExpected(name: string) {
  const folder = fileURLToPath(new URL(`../../../../tests/parity/fixtures/families/${name}`, import.meta.url));
  const { rows, prompts, continuations, sources, promptSources } = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as ExpectedFile;
  await using tensors = await openSafetensors(join(folder, 'expected.safetensors'));
  const logits = new Float32Array((await tensors.read('logits')).slice().buffer);
  const [, vocabulary] = tensors.info('logits').shape as [number, number];
  let start = 0;
  return {
    folder,
    rows: rows.map((tokenIds, row) => ({ tokenIds, source: sources?.[row] ?? [], logits: logits.subarray(start, (start += tokenIds.length * vocabulary)) })),
    prompts: prompts.map((prompt, row) => ({ prompt, source: promptSources?.[row] ?? [], continuation: continuations[row]! })),
  };
}

/** The mean over places of the Kullback-Leibler divergence of distributions from the exact ones, both as ln p of every token. */
export function meanDivergence(exact: readonly Float64Array[], other: readonly Float64Array[]): number {
  const divergences = exact.map((place, index) => place.reduce((sum, logP, token) => sum + Math.exp(logP) * (logP - other[index]![token]!), 0));
  return divergences.reduce((sum, value) => sum + value, 0) / divergences.length;
}

/** Logits [places, vocabulary] of so many places -> ln p of each place. */
export function distributionsOf(logits: Float32Array, places: number): Float64Array[] {
  const vocabulary = logits.length / places;
  return Array.from({ length: places }, (_, place) => logSoftmax(logits.subarray(place * vocabulary, (place + 1) * vocabulary)));
}

function logSoftmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = largest + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return Float64Array.from(logits, (value) => value - total);
}
