import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { LoraLinear } from '@tunesmith/nn';
import { liveTensors, setThreads, type Tensor } from '@tunesmith/tensor';
import { lora } from './methods/lora.js';
import type { Example } from './objective.js';
import { sft } from './objectives/sft.js';
import { AdamW, adamWDefaults } from './optimizers/adamw.js';
import type { LoraOptions } from './train-options.js';
import { trainStep } from './train-step.js';
import type { TrainingMaterial } from './training-material.js';

// The reference is torch's own AdamW, clipping and backward through transformers (and PEFT): tests/parity/make-training-fixtures.py.

interface Step { learningRate: number; loss: number; gradientNorm: number }
interface Expected {
  rows: { tokenIds: number[]; lossMask: boolean[] }[];
  settings: { clip: number; weightDecay: number };
  full: Step[];
  lora: { rank: number; alpha: number; targetModules: string[]; start: Record<string, number[]>; steps: Step[] };
}

const fixtures = join(import.meta.dirname, '../../../tests/parity/fixtures');
const expected = JSON.parse(readFileSync(join(fixtures, 'training/expected.json'), 'utf8')) as Expected;
const modelFolder = join(fixtures, 'families/llama-grouped-tied');

const plainLora: LoraOptions = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear', rankStabilized: false, decomposed: false, initialization: 'zero', learningRateRatio: 1, base: 'as-is' };

beforeAll(() => setThreads(1));

function expectSameCurve(model: CausalLanguageModel, trainable: ReadonlyMap<string, Tensor>, steps: readonly Step[]): void {
  const parameters = [...trainable].map(([name, tensor]) => ({ name, tensor }));
  using optimizer = new AdamW(parameters, { ...adamWDefaults, weightDecay: expected.settings.weightDecay });
  const objective = sft({} as TrainingMaterial); // the rows are encoded already
  const examples = expected.rows.map((row, index): Example => ({ index, rows: [{ ...row, index }], tokens: row.tokenIds.length, weight: row.lossMask.slice(1).filter(Boolean).length }));
  steps.forEach((step, index) => {
    // Two passes of one row are the one batch of two rows that the reference takes.
    const [first, second] = examples.slice((index % 2) * 2, (index % 2) * 2 + 2) as [Example, Example];
    const passes = index % 3 === 0 ? [[first], [second]] : [[first, second]];
    const before = liveTensors();
    const result = trainStep({ model, method: {}, objective, parameters, optimizer }, passes, { step: index, steps: steps.length, learningRate: step.learningRate, maxGradientNorm: expected.settings.clip });
    expect(liveTensors()).toBe(before);
    expect(Math.abs(result.loss - step.loss)).toBeLessThan(1e-4 * step.loss);
    expect(Math.abs(result.gradientNorm - step.gradientNorm)).toBeLessThan(1e-3 * step.gradientNorm);
  });
}

test('full tuning follows torch and transformers for eight steps', async () => {
  using model = (await loadModel(modelFolder, { dtype: 'float32' })).model;
  const parameters = model.parameters();
  for (const parameter of parameters.values()) parameter.setRequiresGrad(true);
  expectSameCurve(model, parameters, expected.full);
});

test('LoRA follows PEFT for eight steps from the same A and B', async () => {
  const { rank, alpha, targetModules, start, steps } = expected.lora;
  const method = lora({ ...plainLora, rank, alpha, targetModules }, { dtype: 'float32', seed: 1 });
  using model = (await loadModel(modelFolder, { dtype: 'float32', parts: method.parts! })).model;
  const parameters = method.trainable(model);
  for (const module of model.modules()) {
    if (!(module instanceof LoraLinear)) continue;
    module.loraA.writeBytes(Float32Array.from(start[`${module.path}.lora_A.weight`]!));
    module.loraB.writeBytes(Float32Array.from(start[`${module.path}.lora_B.weight`]!));
  }
  expectSameCurve(model, parameters, steps);
});
