import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packRows } from '@tunesmith/datasets';
import { loadModel, type CausalLanguageModel } from '@tunesmith/models';
import { LoraLinear } from '@tunesmith/nn';
import { liveTensors, setThreads, type Tensor } from '@tunesmith/tensor';
import { lora } from './methods/lora.js';
import { AdamW, adamWDefaults } from './optimizers/adamw.js';
import { trainStep } from './train-step.js';

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

beforeAll(() => setThreads(1));

function expectSameCurve(model: CausalLanguageModel, parameters: readonly Tensor[], steps: readonly Step[]): void {
  using optimizer = new AdamW(parameters, { ...adamWDefaults, weightDecay: expected.settings.weightDecay });
  const rows = expected.rows.map((row, index) => ({ ...row, index }));
  steps.forEach((step, index) => {
    const batch = rows.slice((index % 2) * 2, (index % 2) * 2 + 2);
    const before = liveTensors();
    const result = trainStep(model, parameters, optimizer, packRows(batch), { learningRate: step.learningRate, maxGradientNorm: expected.settings.clip });
    expect(liveTensors()).toBe(before);
    expect(Math.abs(result.loss - step.loss)).toBeLessThan(1e-4 * step.loss);
    expect(Math.abs(result.gradientNorm - step.gradientNorm)).toBeLessThan(1e-3 * step.gradientNorm);
  });
}

test('full tuning follows torch and transformers for eight steps', async () => {
  using model = (await loadModel(modelFolder, { dtype: 'float32' })).model;
  const parameters = [...model.parameters().values()];
  for (const parameter of parameters) parameter.setRequiresGrad(true);
  expectSameCurve(model, parameters, expected.full);
});

test('LoRA follows PEFT for eight steps from the same A and B', async () => {
  const { rank, alpha, targetModules, start, steps } = expected.lora;
  const method = lora({ kind: 'lora', rank, alpha, dropout: 0, targetModules }, { dtype: 'float32', seed: 1 });
  using model = (await loadModel(modelFolder, { dtype: 'float32', parts: method.parts! })).model;
  const parameters = [...method.trainable(model).values()];
  for (const module of model.modules()) {
    if (!(module instanceof LoraLinear)) continue;
    module.loraA.writeBytes(Float32Array.from(start[`${module.path}.lora_A.weight`]!));
    module.loraB.writeBytes(Float32Array.from(start[`${module.path}.lora_B.weight`]!));
  }
  expectSameCurve(model, parameters, steps);
});
