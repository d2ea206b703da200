import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32FromBfloat16, readAdapter, readJsonFile, readModelFolder, readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { answerConversations, loadForInference, ownModel, scoreTokens } from '@tunesmith/generation';
import { mergeModels } from '@tunesmith/merging';
import { loadModel } from '@tunesmith/models';
import { liveTensors, setThreads } from '@tunesmith/tensor';
import { SourceTargetFormat, Tokenizer } from '@tunesmith/tokenizers';
import { temporaryFolder } from '@tunesmith/tests-support';
import { full } from './methods/full.js';
import { lora } from './methods/lora.js';
import type { Example } from './objective.js';
import { AdamW, adamWDefaults } from './optimizers/adamw.js';
import { tinyObjective } from './testing/reference-curves.js';
import { plainLora, tinyTraining } from './testing/tiny-training.js';
import { trainModel } from './train-model.js';
import type { TrainOptions } from './train-options.js';
import { trainStep } from './train-step.js';
import type { TuningMethod } from './tuning-method.js';

interface Step { learningRate: number; loss: number; gradientNorm: number }
/** Made by tests/parity/make-encoder-decoder-fixture.py: transformers' own loss of padded batches, PEFT's LoRA. */
interface Expected {
  rows: { prompt: string; completion: string }[];
  settings: { clip: number; weightDecay: number; rank: number; alpha: number };
  full: Step[];
  lora: Step[];
  adapted: { logProbs: number[]; answer: number[] }[];
}

const folder = join(import.meta.dirname, '../../../tests/parity/fixtures/encoder-decoder');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
const { rank, alpha, clip, weightDecay } = expected.settings;
const context = { signal: new AbortController().signal, onProgress: () => undefined };
const plain = { ...plainLora, rank, alpha };

beforeAll(() => setThreads(1));

/** Trains as the reference did, two rows a step, from the adapter's A and B where one is given. */
async function expectCurve(method: TuningMethod, steps: readonly Step[], start?: string): Promise<void> {
  const tokenizer = await Tokenizer.fromFolder(folder);
  const format = new SourceTargetFormat(0);
  const examples = expected.rows.map(({ prompt, completion }, index): Example => {
    const row = format.encodePair(tokenizer, prompt, completion);
    return { index, rows: [{ ...row, index }], tokens: row.tokenIds.length, weight: row.lossMask.filter(Boolean).length };
  });
  using model = (await loadModel(folder, { dtype: 'float32', ...(method.parts && { parts: method.parts }) })).model;
  const parameters = [...method.trainable(model)].map(([name, tensor]) => ({ name, tensor }));
  if (start) {
    await using adapter = await readAdapter(start);
    const names = new Map([...adapter.tensors.names()].map((name) => [name.replace('base_model.model.', ''), name]));
    for (const { name, tensor } of parameters) tensor.writeBytes(await adapter.tensors.read(names.get(name)!));
  }
  using optimizer = new AdamW(parameters, { ...adamWDefaults, weightDecay });
  steps.forEach(({ learningRate, loss, gradientNorm }, step) => {
    const before = liveTensors();
    const passes = [examples.slice((step % 2) * 2, (step % 2) * 2 + 2)];
    const result = trainStep({ model, method, objective: tinyObjective, parameters, optimizer }, passes, { step, steps: steps.length, learningRate, maxGradientNorm: clip });
    expect(liveTensors()).toBe(before);
    expect(Math.abs(result.loss - loss)).toBeLessThan(1e-4);
    expect(Math.abs(result.gradientNorm - gradientNorm)).toBeLessThan(1e-3 * gradientNorm);
  });
}

test('full tuning follows transformers', () => expectCurve(full({ kind: 'full' }, { modelFolder: folder }), expected.full));

test('LoRA follows PEFT from the same A and B', () => expectCurve(lora(plain, { dtype: 'float32', seed: 1 }), expected.lora, join(folder, 'adapter-start')));

test("PEFT's adapter, folded in, scores and answers as it does in PEFT", async () => {
  await using out = await temporaryFolder();
  const base = join(out.path, 'base');
  await writeFloat32Copy(base);
  await mergeModels({ base, adapter: join(folder, 'adapter'), models: [], method: 'lora-fold', parameters: {} }, join(out.path, 'merged'), context);
  using loaded = await loadForInference(join(out.path, 'merged'), { dtype: 'float32' });
  const scores = await scoreTokens(loaded, expected.rows.map(({ prompt, completion }) => ({ prompt, completion })), context);
  scores.forEach(({ logProbs }, row) => logProbs.forEach((logProb, place) => expect(logProb).toBeCloseTo(expected.adapted[row]!.logProbs[place]!, 3)));
  const answers = await answerConversations(ownModel(loaded), expected.rows.map(({ prompt }) => [{ role: 'user', content: prompt }]), { maxNewTokens: 12 }, context);
  expect(answers.map(({ tokenIds }) => tokenIds)).toEqual(expected.adapted.map(({ answer }) => answer));
});

/** In float32, so that folding rounds nothing. */
async function writeFloat32Copy(path: string): Promise<void> {
  await using source = await readModelFolder(folder);
  const tensors: SafetensorsEntry[] = [];
  for (const name of source.tensors.names()) {
    const values = float32FromBfloat16(new Uint16Array((await source.tensors.read(name)).slice().buffer));
    tensors.push({ name, dtype: 'F32', shape: source.tensors.info(name).shape, bytes: new Uint8Array(values.buffer) });
  }
  await writeModelFolder(path, { config: source.config, generationConfig: source.generationConfig, files: await readSideFiles(folder, source.sideFiles), tensors });
}

/** A dataset of the rows, and the settings of a short training on them. */
async function training(path: string, changes: Partial<TrainOptions>): Promise<TrainOptions> {
  const datasetFolder = join(path, 'rows');
  await mkdir(datasetFolder);
  const rows = expected.rows.map(({ prompt, completion }) => ({ messages: [{ role: 'user', content: prompt }, { role: 'assistant', content: completion }], split: 'train', tags: [] }));
  await writeFile(join(datasetFolder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { ...(await tinyTraining(path)), modelFolder: folder, datasetFolder, steps: 60, schedule: 'constant', warmupRatio: 0, ...changes };
}

test('trainModel teaches it the answers', async () => {
  await using out = await temporaryFolder();
  const options = await training(out.path, { method: { kind: 'full' }, learningRate: 1e-2 });
  const report = await trainModel(options, join(out.path, 'tuned'), context);
  expect(report.loss.at(-1)).toBeLessThan(0.1 * report.loss[0]!);
  using loaded = await loadForInference(join(out.path, 'tuned'), { dtype: 'float32' });
  const answers = await answerConversations(ownModel(loaded), expected.rows.map(({ prompt }) => [{ role: 'user', content: prompt }]), { maxNewTokens: 20 }, context);
  const said = (text: string) => loaded.tokenizer.encode(text, { addSpecialTokens: false });
  expect(answers.map(({ tokenIds, finish }) => [tokenIds, finish])).toEqual(expected.rows.map(({ completion }) => [said(completion), 'stop']));
});

test('trainModel writes an adapter that PEFT knows the kind of, and that folds in', async () => {
  await using out = await temporaryFolder();
  const options = await training(out.path, { method: plain, learningRate: 2e-2 });
  const report = await trainModel(options, join(out.path, 'tuned'), context);
  expect(report.loss.at(-1)).toBeLessThan(0.6 * report.loss[0]!);
  expect(await readJsonFile(join(out.path, 'tuned/adapter_config.json'))).toMatchObject({ task_type: 'SEQ_2_SEQ_LM' });
  const { changedTensors } = await mergeModels({ base: folder, adapter: join(out.path, 'tuned'), models: [], method: 'lora-fold', parameters: {} }, join(out.path, 'merged'), context);
  // Seven linears of the encoder's block, eleven of the decoder's.
  expect(changedTensors).toBe(18);
});
