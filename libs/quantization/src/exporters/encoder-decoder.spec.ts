import { openGguf, openSafetensors } from '@tunesmith/checkpoints';
import { loadForInference, scoreTokens } from '@tunesmith/generation';
import { familyFor, importModel } from '@tunesmith/models';
import { setThreads } from '@tunesmith/tensor';
import { Tokenizer } from '@tunesmith/tokenizers';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quantizeModel } from '../quantize-model.js';
import { openGgufRuntime } from '../runtimes/llama-cpp-runtime.js';
import { quietContext, temporaryFolder } from '../testing/tiny-models.js';
import { exportGguf } from './gguf.js';
import { ggufFileType } from './gguf/file-types.js';
import { openSourceModel } from './source-model.js';

/** A tiny Flan-T5 with its tokenizer, made by tests/parity/make-encoder-decoder-fixture.py. llama.cpp loads such a file; its Node binding does not run it. */
const original = join(import.meta.dirname, '../../../../tests/parity/fixtures/encoder-decoder');
const expected = JSON.parse(readFileSync(join(original, 'expected.json'), 'utf8')) as { texts: { text: string; tokenIds: number[] }[]; rows: { prompt: string; completion: string; logProbs: number[] }[] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path: string;

beforeAll(async () => {
  setThreads(1);
  folder = await temporaryFolder();
  path = join(folder.path, 'model.gguf');
  await using model = await openSourceModel(original);
  await exportGguf(model, ggufFileType('bf16'), path, quietContext());
});
afterAll(() => folder[Symbol.asyncDispose]());

test('llama.cpp loads it, and reads text as its tokenizer does', async () => {
  await using runtime = await openGgufRuntime(path, { contextSize: 32, threads: 1, signal: quietContext().signal });
  // Without a map that makes them spaces, llama.cpp takes line breaks for characters.
  const texts = expected.texts.filter(({ text }) => text !== '' && !/[\n☃]/.test(text));
  for (const { text, tokenIds } of texts) expect([text, runtime.tokenize?.(text)]).toEqual([text, tokenIds.slice(0, -1)]);
});

test('is imported as the same model, which scores the same', async () => {
  const imported = join(folder.path, 'imported');
  await importModel(path, imported, quietContext());
  await using before = await openSafetensors(original);
  await using after = await openSafetensors(imported);
  expect([...after.names()].sort()).toEqual([...before.names()].sort());
  for (const name of before.names()) expect([name, Buffer.compare(await after.read(name), await before.read(name))]).toEqual([name, 0]);
  const config = async (from: string) => familyFor({ model_type: 't5' }).parseConfig(JSON.parse(await readFile(join(from, 'config.json'), 'utf8')));
  expect(await config(imported)).toEqual(await config(original));
  const tokenizer = await Tokenizer.fromFolder(imported);
  for (const { text, tokenIds } of expected.texts) expect([text, tokenizer.encode(text)]).toEqual([text, tokenIds]);

  using loaded = await loadForInference(imported, { dtype: 'float32' });
  const scores = await scoreTokens(loaded, expected.rows.map(({ prompt, completion }) => ({ prompt, completion })), quietContext());
  scores.forEach(({ logProbs }, row) => logProbs.forEach((logProb, place) => expect(logProb).toBeCloseTo(expected.rows[row]!.logProbs[place]!, 4)));
});

test('as q8_0 keeps norms and position tables in float32', async () => {
  await using model = await openSourceModel(original);
  const quantized = join(folder.path, 'q8_0.gguf');
  await exportGguf(model, ggufFileType('q8_0'), quantized, quietContext());
  await using source = await openGguf(quantized);
  for (const name of source.names()) {
    const exact = source.info(name).shape.length === 1 || name.includes('attn_rel_b');
    expect([name, source.info(name).dtype]).toEqual([name, exact ? 'F32' : 'Q8_0']);
  }
  expect(source.info('dec.blk.0.attn_rel_b.weight').shape).toEqual([32, 4]);
});

test('files are written and loaded; questions and rows, which no runtime here can take, are refused first', async () => {
  const folders = { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
  const request = { modelFolder: original, to: ['gguf/q8_0', 'onnx/int8'], questions: [] };
  const { metrics } = await quantizeModel(request, folders, quietContext());
  expect(metrics.formats).toMatchObject([
    { target: 'gguf/q8_0', perplexity: null, answers: [] },
    { target: 'onnx/int8', file: 'onnx/decoder_model_merged_int8.onnx', perplexity: null, answers: [] },
  ]);
  expect(metrics.remarks).toEqual([expect.stringContaining('load encoder-decoders and do not run them')]);
  expect(JSON.parse(await readFile(join(folders.onnx, 'config.json'), 'utf8'))).toMatchObject({
    'transformers.js_config': { dtype: 'int8', use_external_data_format: { 'encoder_model_int8.onnx': 1, 'decoder_model_merged_int8.onnx': 1 } },
  });
  // onnxruntime-genai runs no such models.
  expect(existsSync(join(folders.onnx, 'genai_config.json'))).toBe(false);
  await expect(quantizeModel({ ...request, questions: ['Who are you?'] }, folders, quietContext())).rejects.toMatchObject({ code: 'runtime-without-encoder' });
});
