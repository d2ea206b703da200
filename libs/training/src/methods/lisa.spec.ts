import { join } from 'node:path';
import { setThreads, type Tensor } from '@tunesmith/tensor';
import { adamWDefaults } from '../optimizers/adamw.js';
import type { Optimizer } from '../optimizer.js';
import { startTinyRun, tinyModelFolder } from '../testing/reference-curves.js';
import type { OptimizerOptions } from '../train-options.js';
import { layerPath } from './layer-path.js';
import { lisa } from './lisa.js';

beforeAll(() => setThreads(1));

const folder = join(tinyModelFolder, '../gemma3-published-linear'); // of the tiny models one with more than two layers
const method = (layers: number, { interval = 3, seed = 2, optimizer = adamWDefaults as OptimizerOptions } = {}) => lisa({ kind: 'lisa', layers, interval }, { modelFolder: folder, seed, optimizer });
const optimizers: OptimizerOptions[] = [adamWDefaults, { kind: 'adafactor', weightDecay: 0 }, { kind: 'muon', momentum: 0.95, weightDecay: 0 }];

test.each(optimizers)('each period moves what stands outside of layers and as many layers as asked, others each time; the rest keeps its bytes: $kind', async (optimizer) => {
  using run = await startTinyRun(method(1, { optimizer }), { folder });
  const drawn: string[][] = [];
  for (let step = 0; step < 24; step += 1) {
    const before = copies(run.model.parameters());
    run.step(step, 1e-2);
    const moved = [...run.model.parameters()].filter(([name, parameter]) => !Buffer.from(parameter.toBytes()).equals(before.get(name)!)).map(([name]) => name);
    expect(moved.filter((name) => layerPath(name) === null)).toEqual([...before.keys()].filter((name) => layerPath(name) === null));
    const layers = [...new Set(moved.flatMap((name) => layerPath(name) ?? []))];
    expect(layers).toHaveLength(1);
    expect(moved.filter((name) => layerPath(name) === layers[0])).toEqual([...before.keys()].filter((name) => layerPath(name) === layers[0]));
    drawn.push(layers);
  }
  for (let step = 0; step < 24; step += 3) expect(new Set(drawn.slice(step, step + 3).flat()).size).toBe(1);
  expect(new Set(drawn.flat()).size).toBeGreaterThan(2); // of four layers, in eight periods
});

test('taken up in the middle of a period it goes on bit for bit: layers follow from the seed, moments from the state', async () => {
  const states: { weights: Map<string, Uint8Array>; optimizer: Map<string, Uint8Array> }[] = [];
  const run = async (from: number, to: number, begin?: (typeof states)[number]) => {
    const tuning = method(2);
    let optimizer: Optimizer | undefined;
    using taken = await startTinyRun({ ...tuning, optimizer: (parameters) => (optimizer = tuning.optimizer!(parameters)) }, { folder });
    if (begin) {
      for (const [name, bytes] of begin.weights) taken.model.parameters().get(name)!.writeBytes(bytes);
      for (const [name, bytes] of begin.optimizer) optimizer!.state().get(name)!.writeBytes(bytes);
    }
    for (let step = from; step < to; step += 1) taken.step(step, 1e-2);
    states.push({ weights: copies(taken.model.parameters()), optimizer: copies(optimizer!.state()) });
  };
  await run(0, 9);
  await run(0, 4);
  await run(4, 9, states[1]);
  expect(states[2]).toEqual(states[0]);
});

test('the optimizer remembers as many layers as learn at a time', async () => {
  const tuning = method(2);
  using run = await startTinyRun({ ...tuning, optimizer: (parameters) => {
    const made = tuning.optimizer!(parameters);
    expect([...made.state().keys()].filter((name) => name.endsWith('q_proj.weight.mean'))).toHaveLength(2);
    return made;
  } }, { folder });
  run.step(0);
});

test('more layers than the model has are refused', async () => {
  await expect(startTinyRun(method(40), { folder })).rejects.toMatchObject({ code: 'too-many-layers', message: expect.stringContaining('got 40') });
});

function copies(tensors: ReadonlyMap<string, Tensor>): Map<string, Uint8Array> {
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.toBytes()]));
}
