import { openGguf, writeGguf, type GgufTensorPlan, type GgufValue } from '@tunesmith/checkpoints';
import { QuantizationError } from '../quantization-error.js';
import type { ImportanceMatrix, InputStatistics } from './importance-matrix.js';

const sumsEnding = '.in_sum2';
const countsEnding = '.counts';

export interface ImportanceFileFacts {
  /** What text it was, for people. */
  readonly dataset: string;
  readonly rows: number;
  /** Tokens of the longest row. */
  readonly longestRow: number;
}

/** Writes the GGUF form that llama-imatrix writes and llama-quantize reads. */
export async function writeImportanceFile(path: string, matrix: ImportanceMatrix, { dataset, rows, longestRow }: ImportanceFileFacts): Promise<void> {
  const metadata = new Map<string, GgufValue>([
    ['general.type', { type: 'string', value: 'imatrix' }],
    ['imatrix.datasets', { type: 'array', elementType: 'string', value: [dataset] }],
    ['imatrix.chunk_count', { type: 'uint32', value: rows }],
    ['imatrix.chunk_size', { type: 'uint32', value: longestRow }],
  ]);
  const entries = [...matrix].sort(([a], [b]) => (a < b ? -1 : 1));
  const tensors = entries.flatMap(([name, { sums, counts }]): GgufTensorPlan[] => [
    { name: `${name}${sumsEnding}`, type: 'F32', shape: [counts.length, sums.length / counts.length] },
    { name: `${name}${countsEnding}`, type: 'F32', shape: [counts.length, 1] },
  ]);
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  await writeGguf(path, { metadata, tensors }, entries.flatMap(([, { sums, counts }]) => [bytesOf(sums), bytesOf(counts)]));
}

/** Reads it. Throws QuantizationError `importance-file-broken` for files of other kinds, parts without a counterpart and numbers that are no sums of squares; GgufError for no GGUF. */
export async function readImportanceFile(path: string): Promise<ImportanceMatrix> {
  const broken = (detail: string): never => {
    throw new QuantizationError({ code: 'importance-file-broken', message: `${path}: ${detail} Expected the GGUF file of an importance matrix, as llama-imatrix and tunesmith write it.`, facts: { path } });
  };
  await using source = await openGguf(path);
  const matrix = new Map<string, InputStatistics>();
  for (const name of source.names()) {
    if (!name.endsWith(sumsEnding)) {
      if (!name.endsWith(countsEnding) || !source.has(name.slice(0, -countsEnding.length) + sumsEnding)) broken(`the tensor ${name} belongs to no sums.`);
      continue;
    }
    const tensor = name.slice(0, -sumsEnding.length);
    if (!source.has(tensor + countsEnding)) broken(`the sums of ${tensor} have no counts.`);
    const [sums, counts] = [await floats(name), await floats(tensor + countsEnding)];
    if (counts.length === 0 || sums.length % counts.length !== 0) broken(`${tensor} has ${sums.length} sums for ${counts.length} matrices.`);
    if (![...counts].every((value) => Number.isFinite(value) && value >= 0) || !sums.every((value) => Number.isFinite(value) && value >= 0)) broken(`${tensor} has numbers that are negative or not finite.`);
    matrix.set(tensor, { sums, counts });
  }
  if (matrix.size === 0) broken('it holds no sums.');
  return matrix;

  async function floats(name: string): Promise<Float32Array> {
    if (source.info(name).dtype !== 'F32') broken(`${name} is ${source.info(name).dtype}, not F32.`);
    return new Float32Array((await source.read(name)).slice().buffer);
  }
}
