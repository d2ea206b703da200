import { join } from 'node:path';
import { loadModel } from '@tunesmith/models';
import { liveTensors, ops, RandomGenerator, setThreads, type WorkContext } from '@tunesmith/tensor';
import { Dropout, loraParts, LoraLinear, StepNoise } from '@tunesmith/nn';
import { evaluateLoss } from './evaluate-loss.js';
import type { Example } from './objective.js';
import { sft } from './objectives/sft.js';
import type { TrainingMaterial } from './training-material.js';

const modelFolder = join(import.meta.dirname, '../../../tests/parity/fixtures/families/llama-grouped-tied');
const context: WorkContext = { signal: new AbortController().signal, onProgress() {} };
const objective = sft({} as TrainingMaterial, { kind: 'sft', lossScale: 'default' });

function exampleOf(tokenIds: number[], index: number): Example {
  const lossMask = tokenIds.map((_, place) => place >= 2);
  return { index, rows: [{ tokenIds, lossMask, index }], tokens: tokenIds.length, weight: tokenIds.length - 2 };
}
const examples = [exampleOf([1, 2, 3, 4, 5], 0), exampleOf([9, 8, 7], 1), exampleOf([20, 21, 22, 23, 24, 25, 26], 2)];

beforeAll(() => setThreads(1));

test('is the same whatever the batch, and the mean over tokens, not over rows', async () => {
  using model = (await loadModel(modelFolder, { dtype: 'float32' })).model;
  const whole = await evaluateLoss(model, objective, examples, { batch: 3 }, context);
  const before = liveTensors();
  expect(Math.abs((await evaluateLoss(model, objective, examples, { batch: 1 }, context)) - whole)).toBeLessThan(1e-6);
  expect(liveTensors()).toBe(before);
  expect(Math.abs((await evaluateLoss(model, objective, examples, { batch: 1, packing: true, maxLength: 8 }, context)) - whole)).toBeLessThan(1e-6);
  const alone = await Promise.all(examples.map((each) => evaluateLoss(model, objective, [each], { batch: 1 }, context)));
  expect(Math.abs((3 * alone[0]! + 1 * alone[1]! + 5 * alone[2]!) / 9 - whole)).toBeLessThan(1e-6);
});

test('drops nothing and draws nothing between steps', async () => {
  const generator = new RandomGenerator(3);
  const noise = new StepNoise(3);
  using model = (await loadModel(modelFolder, { dtype: 'float32', parts: (plain) => loraParts(plain, { rank: 2, alpha: 64, dropout: new Dropout(0.5, noise), targetModules: 'all-linear', generator }) })).model;
  const linears = [...model.modules()].filter((module) => module instanceof LoraLinear);
  for (const { loraB } of linears) loraB.writeBytes(new Float32Array(loraB.size).fill(0.2));
  const first = await evaluateLoss(model, objective, examples, { batch: 2 }, context);
  expect(await evaluateLoss(model, objective, examples, { batch: 2 }, context)).toBe(first);
  noise.begin(0);
  using dropped = objective.loss(model, examples, 9);
  expect(Math.abs(dropped.item() - first)).toBeGreaterThan(1e-3);
});

test('refuses a loss that is not finite, naming the rows, and nothing to evaluate on', async () => {
  using model = (await loadModel(modelFolder, { dtype: 'float32' })).model;
  await expect(evaluateLoss(model, objective, [], { batch: 2 }, context)).rejects.toMatchObject({ code: 'nothing-to-evaluate' });
  ops.fillInPlace(model.parameters().get('model.norm.weight')!, Number.NaN);
  await expect(evaluateLoss(model, objective, examples, { batch: 2 }, context)).rejects.toMatchObject({ code: 'loss-not-finite', message: expect.stringContaining('rows 1, 2') });
});
