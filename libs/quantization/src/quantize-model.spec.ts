import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkProgress } from '@tunesmith/tensor';
import { openSourceModel } from './exporters/source-model.js';
import { quantizeModel } from './quantize-model.js';
import { makeAdapter } from './testing/make-adapter.js';
import { usualBeginning, usualQuestion } from './usual-text.js';
import { quietContext, readTinyModel, temporaryFolder, tinyModelNames } from './testing/tiny-models.js';

/** A dataset folder: held-out rows with a tag, and one to train on. */
async function writeDataset(folder: string): Promise<string> {
  const row = (user: string, assistant: string, split: string) => ({
    messages: [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant },
    ],
    split,
    tags: ['river'],
  });
  const rows = [row('Where is the mill?', 'Where the river turned.', 'validation'), row('How old?', 'Older than the house.', 'validation'), row('Not asked', 'Not scored', 'train')];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rows.jsonl'), rows.map((value) => `${JSON.stringify(value)}\n`).join(''));
  return folder;
}

/** As many rows to train on as wished, of some twenty tokens each. */
async function writeRowsToTrainOn(folder: string, count: number): Promise<string> {
  const row = (index: number) => ({ messages: [{ role: 'user', content: `Who lives at number ${index}?` }, { role: 'assistant', content: 'The miller and the river.' }], split: 'train' });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rows.jsonl'), Array.from({ length: count }, (_, index) => `${JSON.stringify(row(index))}\n`).join(''));
  return folder;
}

describe.each(tinyModelNames)('quantizing %s', (name) => {
  const tiny = readTinyModel(name);

  test('writes each target, asks each file, and compares perplexities with the model itself', async () => {
    await using folder = await temporaryFolder();
    const folders = { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
    const datasetFolder = await writeDataset(join(folder.path, 'dataset'));
    const phases = new Set<string>();
    const onProgress = ({ phase }: WorkProgress) => void phases.add(phase);
    const request = { modelFolder: tiny.folder, to: ['gguf/bf16', 'gguf/q8_0', 'onnx/fp32', 'onnx/int4', 'onnx/int8', 'hf/rtn-int8'], datasetFolder, tag: 'river', questions: ['Who?', 'Where?'], maxAnswerTokens: 4, threads: 1 };
    const { metrics } = await quantizeModel(request, folders, { signal: new AbortController().signal, onProgress });

    expect(metrics.base).toEqual({ bytes: (await stat(join(tiny.folder, 'model.safetensors'))).size, perplexity: expect.any(Number) });
    expect(metrics.scored.rows).toBe(2);
    expect(metrics.remarks).toEqual([expect.stringMatching(new RegExp(`perplexities are of ${metrics.scored.tokens} tokens in 2 held-out rows: too few .*gguf/bf16: .* to .*; gguf/q8_0: `))]);
    for (const { perplexity, perplexityRatio } of metrics.formats) expect(perplexityRatio!.ratio).toBeCloseTo(perplexity! / metrics.base.perplexity!, 6);
    expect(metrics.formats.map(({ target, file }) => [target, file])).toEqual([
      ['gguf/bf16', 'model-bf16.gguf'],
      ['gguf/q8_0', 'model-q8_0.gguf'],
      ['onnx/fp32', 'onnx/model.onnx'],
      ['onnx/int4', 'onnx/model_q4.onnx'],
      ['onnx/int8', 'onnx/model_int8.onnx'],
      ['hf/rtn-int8', 'rtn-int8'],
    ]);
    const [bf16, q8, fp32, int4, int8, packed] = metrics.formats.map(({ perplexity }) => perplexity! / metrics.base.perplexity!);
    expect(fp32).toBeCloseTo(1, 4);
    // llama.cpp rounds activations to bfloat16 too where the weights are.
    expect(bf16).toBeCloseTo(1, 1);
    // Wide random weights suffer more than those of a real model.
    for (const ratio of [q8, int4, int8, packed]) expect(Math.abs(Math.log(ratio!))).toBeLessThan(0.7);
    expect(metrics.formats.flatMap(({ target, content }) => (target.startsWith('hf/') ? [] : content.fallbacks))).toEqual([]);
    for (const format of metrics.formats) {
      expect(format.bytes).toBeGreaterThan(10_000);
      expect(format.secondsToWrite).toBeGreaterThan(0);
      expect(format.klDivergence).toBeGreaterThanOrEqual(0);
      expect(format.answers.map(({ question }) => question)).toEqual(['Who?', 'Where?']);
    }
    const [exact, rounded] = [metrics.formats[2]!.klDivergence!, metrics.formats[1]!.klDivergence!];
    expect(exact).toBeLessThan(1e-6);
    expect(rounded).toBeGreaterThan(exact);
    // The exact formats say the same.
    expect(metrics.formats[2]!.answers).toEqual(metrics.formats[0]!.answers);
    expect(existsSync(join(folders.onnx, 'genai_config.json'))).toBe(true);
    expect([...phases]).toEqual(expect.arrayContaining(['scoring the model itself', 'writing gguf/q8_0', 'asking onnx/int4', 'scoring gguf/bf16']));
    const report = JSON.parse(await readFile(join(folders.gguf, 'report.json'), 'utf8')) as typeof metrics;
    expect(report).toEqual({ ...metrics, formats: metrics.formats.slice(0, 2).map(({ secondsToWrite: _, ...format }) => format) });
    const { formats: [packedReport] } = JSON.parse(await readFile(join(folders.hf, 'report.json'), 'utf8')) as typeof metrics;
    expect(packedReport).not.toHaveProperty('resumedLayers');
    for (const kind of ['onnx', 'hf'] as const) expect(existsSync(join(folders[kind], 'report.json'))).toBe(true);
    // Metrics travel as JSON.
    expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
  });
});

describe('quantizing', () => {
  const tiny = readTinyModel('llama');
  const only = (to: string[]) => ({ modelFolder: tiny.folder, to, questions: [], threads: 1 });

  test('without questions and dataset each file is proved on a usual question and text, which decide nothing; only the needed folders are made', async () => {
    await using folder = await temporaryFolder();
    const folders = { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
    const { metrics } = await quantizeModel(only(['gguf/q8_0', 'hf/rtn-int8']), folders, quietContext());
    expect(metrics).toMatchObject({ base: { perplexity: expect.any(Number) }, scored: { rows: 1, tokens: expect.any(Number) } });
    for (const { perplexity, klDivergence, answers } of metrics.formats) {
      expect(perplexity! / metrics.base.perplexity!).toBeCloseTo(1, 0);
      expect(klDivergence).toBeGreaterThan(0);
      expect(answers).toEqual([{ question: usualQuestion, answer: expect.any(String) }]);
    }
    expect(metrics.remarks).toEqual([expect.stringMatching(/^perplexities are of \d+ tokens of a text that stands in for yours.*gguf\/q8_0: .*hf\/rtn-int8: /)]);
    expect(JSON.parse(await readFile(join(folders.gguf, 'report.json'), 'utf8'))).toMatchObject({ formats: [{ perplexity: metrics.formats[0]!.perplexity }], remarks: metrics.remarks });
    expect(existsSync(folders.onnx)).toBe(false);
  });

  test('a model without a chat template goes on with a text', async () => {
    await using folder = await temporaryFolder();
    const modelFolder = join(folder.path, 'model');
    await cp(tiny.folder, modelFolder, { recursive: true });
    await writeFile(join(modelFolder, 'tokenizer_config.json'), '{}');
    const folders = { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
    const { metrics } = await quantizeModel({ ...only(['gguf/bf16', 'onnx/fp32']), modelFolder, maxAnswerTokens: 4 }, folders, quietContext());
    expect(metrics.formats.map(({ answers }) => answers)).toEqual([0, 1].map(() => [{ question: usualBeginning, answer: metrics.formats[1]!.answers[0]!.answer }]));
    expect(metrics.formats[1]!.klDivergence).toBeLessThan(1e-6);
  });

  test('refuses a target that it does not know, before it does anything', async () => {
    await expect(quantizeModel(only(['gguf/q9']), { gguf: '/nowhere', onnx: '/nowhere', hf: '/nowhere' }, quietContext())).rejects.toMatchObject({
      code: 'unknown-target',
      message: expect.stringMatching(/gguf\/q8_0, .*gguf\/q4_k_m, .*onnx\/int4, onnx\/int8, onnx\/fp16, onnx\/fp32/),
    });
  });

  test('refuses a dataset without held-out rows of that tag', async () => {
    await using folder = await temporaryFolder();
    const datasetFolder = await writeDataset(join(folder.path, 'dataset'));
    await expect(quantizeModel({ ...only(['gguf/q8_0']), datasetFolder, tag: 'other' }, { gguf: folder.path, onnx: folder.path, hf: folder.path }, quietContext())).rejects.toMatchObject({
      code: 'no-held-out-rows',
      message: expect.stringContaining('with the tag other'),
    });
  });

  test('refuses questions to a model without a chat template or without a tokenizer', async () => {
    await using folder = await temporaryFolder();
    const modelFolder = join(folder.path, 'model');
    await cp(tiny.folder, modelFolder, { recursive: true });
    await writeFile(join(modelFolder, 'tokenizer_config.json'), '{}');
    const request = { ...only(['gguf/q8_0']), modelFolder, questions: ['Who?'] };
    const folders = { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
    await expect(quantizeModel(request, folders, quietContext())).rejects.toMatchObject({ code: 'no-chat-template' });
    await rm(join(modelFolder, 'tokenizer.json'));
    await expect(quantizeModel(request, folders, quietContext())).rejects.toMatchObject({ code: 'tokenizer-missing' });
  });

  test('weighs errors by what goes through the model, leaves the matrix beside the files, and takes it again', async () => {
    await using folder = await temporaryFolder();
    const calibrationFolder = await writeRowsToTrainOn(join(folder.path, 'rows'), 12);
    const write = async (name: string, more: object) => {
      const folders = { gguf: join(folder.path, name), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') };
      const { metrics } = await quantizeModel({ ...only(['gguf/q4_0']), ...more }, folders, quietContext());
      expect(metrics.formats[0]!.content).toMatchObject({ types: expect.any(Object), fallbacks: expect.any(Array) });
      return readFile(join(folders.gguf, 'model-q4_0.gguf'));
    };
    const plain = await write('plain', {});
    const weighed = await write('weighed', { calibrationFolder });
    expect(weighed.equals(plain)).toBe(false);
    expect((await write('again', { importanceFolder: join(folder.path, 'weighed') })).equals(weighed)).toBe(true);
    await expect(write('both', { calibrationFolder, importanceFolder: join(folder.path, 'weighed') })).rejects.toMatchObject({ code: 'importance-twice' });
    await expect(write('few', { calibrationFolder: await writeRowsToTrainOn(join(folder.path, 'few'), 1) })).rejects.toMatchObject({ code: 'calibration-too-small', message: expect.stringMatching(/\d+ tokens in 1 rows/) });
  });

  test('compensates GGUF files by rows to train on, says what it left out, and goes on from kept layers', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const calibrationFolder = await writeRowsToTrainOn(place('rows'), 40);
    const datasetFolder = await writeDataset(place('dataset'));
    const write = async (name: string, more: object) => {
      const folders = { gguf: place(name), onnx: place('onnx'), hf: place('hf') };
      return (await quantizeModel({ ...only(['gguf/q4_0', 'gguf/f16']), datasetFolder, ...more }, folders, quietContext())).metrics;
    };
    const compensated = await write('compensated', { calibrationFolder, compensate: true, layersFolder: place('kept') });
    const [q4, f16] = compensated.formats;
    expect(q4).toMatchObject({ resumedLayers: 0, calibration: { rows: 40, tokens: expect.any(Number) } });
    expect(q4!.content.compensated).toEqual({ tensors: 2 * 7, others: expect.arrayContaining(['token_embd.weight']) });
    expect([f16!.content.compensated, f16!.calibration]).toEqual([undefined, undefined]);
    const again = await write('again', { calibrationFolder, compensate: {}, layersFolder: place('kept') });
    expect(again.formats[0]!.resumedLayers).toBe(2);
    expect((await readFile(place('again/model-q4_0.gguf'))).equals(await readFile(place('compensated/model-q4_0.gguf')))).toBe(true);
    const report = JSON.parse(await readFile(place('compensated/report.json'), 'utf8')) as { formats: unknown[] };
    expect(report.formats[0]).toMatchObject({ content: { compensated: q4!.content.compensated } });
    await expect(write('no rows', { compensate: true })).rejects.toMatchObject({ code: 'compensation-without-rows' });
    await expect(write('no blocks', { calibrationFolder, to: ['gguf/bf16', 'hf/awq-int4'], compensate: true })).rejects.toMatchObject({ code: 'compensation-without-target', message: expect.stringContaining('gguf/bf16, hf/awq-int4') });
  });

  test('calibrates Hugging Face folders by rows to train on, says on how many, and proves them with rounded inputs where they ask for it', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const folders = { gguf: place('gguf'), onnx: place('onnx'), hf: place('hf') };
    const to = ['hf/rtn-int8', 'hf/gptq-int8', 'hf/w8a8'];
    const request = { ...only(to), datasetFolder: await writeDataset(place('dataset')), hf: { groupSize: 32 } };
    await expect(quantizeModel(request, folders, quietContext())).rejects.toMatchObject({ code: 'calibration-missing' });
    const { metrics } = await quantizeModel({ ...request, calibrationFolder: await writeRowsToTrainOn(place('rows'), 40) }, { ...folders, hf: place('calibrated') }, quietContext());
    const [nearest, gptq, rounded] = metrics.formats;
    expect(nearest!.calibration).toBeUndefined();
    expect(gptq!.calibration).toMatchObject({ rows: 40, tokens: expect.any(Number), plannedBytes: expect.any(Number) });
    for (const { perplexity } of metrics.formats) expect(perplexity! / metrics.base.perplexity!).toBeCloseTo(1, 0);
    // Rounding inputs too costs more than rounding weights alone.
    expect(rounded!.klDivergence).toBeGreaterThan(nearest!.klDivergence!);
    expect(rounded!.klDivergence).toBeLessThan(1);
  });

  test('writes an adapter, and proves files with it', async () => {
    await using folder = await temporaryFolder();
    const place = (name: string) => join(folder.path, name);
    const datasetFolder = await writeDataset(place('dataset'));
    await using model = await openSourceModel(tiny.folder);
    const adapterFolder = await makeAdapter(place('adapter'), model, { 'model.layers.0.self_attn.q_proj': 2, 'model.layers.1.mlp.down_proj': 2 });
    const folders = { gguf: place('gguf'), onnx: place('onnx'), hf: place('hf') };
    const plain = await quantizeModel({ ...only(['gguf/f32']), datasetFolder }, folders, quietContext());
    const adapted = await quantizeModel({ ...only(['gguf/f32']), datasetFolder, adapterFolder }, folders, quietContext());
    expect(adapted.metrics.adapter).toEqual({ file: 'adapter-f16.gguf', bytes: (await stat(place('gguf/adapter-f16.gguf'))).size });
    expect(adapted.metrics.formats[0]!.perplexity! / adapted.metrics.base.perplexity!).toBeCloseTo(1, 3);
    expect(adapted.metrics.formats[0]!.klDivergence).toBeLessThan(1e-3);
    expect(Math.abs(adapted.metrics.base.perplexity! / plain.metrics.base.perplexity! - 1)).toBeGreaterThan(0.01);
    await expect(quantizeModel({ ...only(['gguf/f32', 'onnx/fp32']), adapterFolder }, folders, quietContext())).rejects.toMatchObject({ code: 'adapter-needs-gguf' });
  });

  test('stops when it is told to', async () => {
    await using folder = await temporaryFolder();
    const stop = new AbortController();
    const context = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(quantizeModel(only(['gguf/q8_0', 'onnx/int4']), { gguf: join(folder.path, 'gguf'), onnx: join(folder.path, 'onnx'), hf: join(folder.path, 'hf') }, context)).rejects.toThrow(/abort/i);
  });
});
