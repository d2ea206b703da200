import { setThreads } from '@tunesmith/tensor';
import { adamWDefaults } from '../optimizers/adamw.js';
import { expectCurve, references, startTinyRun, tinyModelFolder } from '../testing/reference-curves.js';
import { galore } from './galore.js';

beforeAll(() => setThreads(1));

const { rank, interval, scale } = references.galore;
const optimizer = { ...adamWDefaults, weightDecay: references.settings.weightDecay };
const method = (ownRank = rank) => galore({ kind: 'galore', rank: ownRank, interval, scale }, { modelFolder: tinyModelFolder, optimizer });

test('follows galore-torch for thirty steps, over renewals of the projection', async () => {
  using run = await startTinyRun(method());
  expectCurve(run, references.galore);
});

test('moments of layers are as small as the rank', async () => {
  const tuning = method();
  using run = await startTinyRun({ ...tuning, optimizer: (parameters) => {
    const made = tuning.optimizer!(parameters);
    const state = made.state();
    for (const { name, tensor: { shape } } of parameters) {
      const moment = state.get(`${name}.mean`)!.shape;
      if (/layers.*proj/.test(name)) expect(moment).toEqual([rank, Math.max(...shape)]);
      else expect(moment).toEqual(shape);
    }
    return made;
  } });
  run.step(0);
});

test('another optimizer, and a rank above every shorter side, are refused', async () => {
  expect(() => galore({ kind: 'galore', rank, interval, scale }, { modelFolder: tinyModelFolder, optimizer: { kind: 'muon', momentum: 0.9, weightDecay: 0 } })).toThrow(expect.objectContaining({ code: 'galore-optimizer' }));
  await expect(startTinyRun(method(1000))).rejects.toMatchObject({ code: 'rank-too-large', message: expect.stringContaining('got 1000') });
});
