import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packTokens } from '@tunesmith/nn';
import { loadModel } from '@tunesmith/models';
import { noGrad, scope, setThreads } from '@tunesmith/tensor';
import { adamWDefaults } from './optimizers/adamw.js';
import { plainAdaLora, plainLora, startTinyRun, tinyModelFolder } from './testing/reference-curves.js';
import type { TrainOptions, TuningMethodOptions } from './train-options.js';
import { tuningMethod } from './tuning-methods.js';

beforeAll(() => setThreads(1));

const options = (method: TuningMethodOptions, neftuneAlpha = 0) => ({ method, neftuneAlpha, seed: 3, dtype: 'float32', modelFolder: tinyModelFolder, optimizer: adamWDefaults }) as TrainOptions;
const methods: [string, TuningMethodOptions][] = [
  ['lora', { ...plainLora, rank: 2, dropout: 0.3 }],
  ['dora', { ...plainLora, rank: 2, decomposed: true, dropout: 0.3 }],
  ['full', { kind: 'full' }],
  ['adalora', { ...plainAdaLora, dropout: 0.3 }],
  ['lisa', { kind: 'lisa', layers: 1, interval: 2 }],
  ['galore', { kind: 'galore', rank: 4, interval: 2, scale: 1 }],
];

describe.each(methods)('%s with noise on embeddings', (_, method) => {
  test('draws the same in the same step, whatever went before, and nothing between steps', async () => {
    const losses = async (from: number) => {
      using run = await startTinyRun(tuningMethod(options(method, 5)));
      const result = [4, 5, 6].slice(from).map((step) => run.step(step, 1e-30).loss); // too small a rate to move anything
      const batch = packTokens([[1, 2, 3, 4]]);
      const hidden = () => noGrad(() => scope(() => run.model.hidden(batch).toArray()));
      expect(hidden()).toEqual(hidden());
      return result;
    };
    const whole = await losses(0);
    expect(await losses(0)).toEqual(whole);
    expect(await losses(1)).toEqual(whole.slice(1));
    expect(whole[0]).not.toBe(whole[2]); // the same rows, other noise
  });
});

const families = join(tinyModelFolder, '..');
test.each(readdirSync(families))('noise reaches the text of %s', async (name) => {
  const method = tuningMethod({ ...options({ kind: 'full' }, 5), modelFolder: join(families, name) });
  using model = (await loadModel(join(families, name), { dtype: 'float32', parts: method.parts! })).model;
  const rows = [[1, 2, 3, 4, 5], [6, 7]];
  const hidden = () => noGrad(() => scope(() => model.hidden(packTokens(rows, model.readsSource ? { sources: rows } : {})).toArray()));
  const still = hidden();
  method.beforeStep!({ step: 0, steps: 1 });
  const noisy = hidden();
  method.afterBackward!({ step: 0, steps: 1 });
  const moved = Math.max(...noisy.map((number, index) => Math.abs(number - still[index]!)));
  expect(moved).toBeGreaterThan(1e-3);
  expect(hidden()).toEqual(still);
});
