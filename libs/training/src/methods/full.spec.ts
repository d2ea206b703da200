import { setThreads } from '@tunesmith/tensor';
import { startTinyRun, tinyModelFolder } from '../testing/reference-curves.js';
import type { FullOptions } from '../train-options.js';
import { full } from './full.js';

beforeAll(() => setThreads(1));

const method = (options: Omit<FullOptions, 'kind'>) => full({ kind: 'full', ...options }, { modelFolder: tinyModelFolder });

test.each<[string, Omit<FullOptions, 'kind'>, (name: string) => boolean]>([
  ['freeze', { freeze: ['embed_tokens', String.raw`layers\.0\.`] }, (name) => !name.includes('embed_tokens') && !name.includes('layers.0.')],
  ['train', { train: ['mlp', '^model.norm'] }, (name) => name.includes('mlp') || name.startsWith('model.norm')],
  ['both', { train: ['mlp'], freeze: ['down_proj'] }, (name) => name.includes('mlp') && !name.includes('down_proj')],
])('%s says what moves, everything else stays as it is', async (_, options, learns) => {
  using run = await startTinyRun(method(options));
  const before = new Map([...run.model.parameters()].map(([name, parameter]) => [name, parameter.toBytes()]));
  run.step(0, 1e-2);
  run.step(1, 1e-2);
  const moved = [...run.model.parameters()].filter(([name, parameter]) => !Buffer.from(parameter.toBytes()).equals(before.get(name)!)).map(([name]) => name);
  expect(moved).toEqual([...before.keys()].filter(learns));
  expect(moved.length).toBeGreaterThan(0);
});

test('patterns that are none, match nothing, or leave nothing are refused', async () => {
  expect(() => method({ freeze: ['('] })).toThrow(expect.objectContaining({ code: 'bad-pattern' }));
  await expect(startTinyRun(method({ freeze: ['embed', 'layrs'] }))).rejects.toMatchObject({ code: 'pattern-matches-nothing', message: expect.stringMatching(/freeze.*"layrs" matches none of 20, which are called model\.embed_tokens\.weight/) });
  await expect(startTinyRun(method({ freeze: ['.'] }))).rejects.toMatchObject({ code: 'nothing-learns' });
});
