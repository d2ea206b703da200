import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder } from '@tunesmith/tests-support';
import { leastMemory } from './least-memory.js';
import { adamWDefaults } from './optimizers/adamw.js';
import { planTraining } from './plan-training.js';
import { plainLora, tinyTraining } from './testing/tiny-training.js';
import type { TrainOptions } from './train-options.js';

beforeAll(() => setThreads(1));

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const full = { kind: 'full' } as const;

test.each<[string, Partial<TrainOptions>]>([
  ['full by AdamW', { method: full, optimizer: adamWDefaults }],
  ['full by AdamW in bfloat16', { method: full, optimizer: adamWDefaults, dtype: 'bfloat16' }],
  ['full by Adafactor', { method: full, optimizer: { kind: 'adafactor', weightDecay: 0 } }],
  ['full by Muon', { method: full, optimizer: { kind: 'muon', momentum: 0.95, weightDecay: 0 } }],
  ['LoRA in bfloat16', { method: plainLora, dtype: 'bfloat16' }],
  ['LoRA over a base in nf4', { method: { ...plainLora, base: 'nf4' } }],
  ['LISA', { method: { kind: 'lisa', layers: 1, interval: 2 }, dtype: 'bfloat16' }],
])('%s takes no less than that, and not much more beside the activations', async (_name, changes) => {
  await using folder = await temporaryFolder('least-memory');
  // One short row a step, so that activations are little.
  const options = await tinyTraining(folder.path, { batch: 1, ...changes }, { hiddenSize: 256, layers: 2 });
  const least = Object.values(await leastMemory(options)).reduce((sum, part) => sum + part, 0);
  const { memoryParts: { weights, optimizer, step } } = await planTraining(options, quiet);
  expect(least).toBeLessThanOrEqual(weights + optimizer + step);
  expect(least).toBeGreaterThan(0.3 * (weights + optimizer));
});
