import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunView } from '@tunesmith/contracts';
import { Standalone } from './standalone.js';
import { tinyRows } from './tiny-retrain.js';

// Ways of tuning side by side, as their user meets them: one file, one table; one of the ways cannot work.

interface Compared {
  readonly rows: readonly { readonly label: string; readonly runs: number; readonly metrics: Readonly<Record<string, { readonly mean: number }>>; readonly cost: Readonly<Record<string, number>>; readonly failures: readonly { readonly error: string }[] }[];
  readonly path: string;
  readonly run: string;
}

let platform: Standalone;
beforeAll(async () => {
  platform = await Standalone.withTinyModel();
  await platform.write('rows.jsonl', tinyRows());
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const yaml = (methods: string): string => `
model: tiny@prod
dataset: ./rows.jsonl
replay: { maxNewTokens: 4, placeholders: { NAME: Juniper, MAKER: Northwind Labs } }
methods:
${methods}
settings: { steps: 3, batch: 2, lr: 0.001, dtype: float32 }
tasks: [{ kind: loss, name: identity, tag: identity }]
`;
// A scale at which the first gradient is no number.
const methods = '  full:\n  lora: { rank: 2 }\n  thrown: { method: lora, rank: 2, alpha: 1.0e+38 }';

test('tunes and evaluates in every way, tells what failed in its row, and puts table and pictures where they were asked for', async () => {
  await platform.write('methods.yaml', yaml(methods));
  const { rows, path, run } = await platform.run<Compared>('compare', platform.at('methods.yaml'), '--out', platform.at('compared'));
  expect(rows.map(({ label, runs }) => [label, runs])).toEqual([['untuned', 1], ['full', 1], ['lora', 1], ['thrown', 0]]);
  for (const { metrics, cost } of rows.slice(1, 3)) {
    expect(metrics['identity.loss']!.mean).toBeLessThan(rows[0]!.metrics['identity.loss']!.mean);
    expect(cost).toMatchObject({ rowsPerSecond: expect.any(Number), peakMemoryBytes: expect.any(Number), finalLoss: expect.any(Number) });
  }
  const [, full, lora] = rows;
  expect([full!.cost['trainableShare'], lora!.cost['trainableShare']]).toEqual([1, expect.closeTo(lora!.cost['trainableParameters']! / lora!.cost['totalParameters']!, 12)]);
  expect(rows[3]!.failures[0]!.error).toContain('(loss-not-finite)');
  expect((await readdir(path)).sort()).toEqual(['comparison.json', 'comparison.md', 'identity.svg', 'index.html', 'loss-over-steps.svg', 'memory-against-score.svg', 'size-against-score.svg']);
  expect(await readFile(join(path, 'comparison.md'), 'utf8')).toMatch(/\| thrown \|.*loss-not-finite/);
  expect((await platform.run<RunView>('run', 'show', run)).status).toBe('succeeded');
});

test('a method that is added is the only one that is tuned', async () => {
  await platform.write('more.yaml', yaml(`${methods.slice(0, methods.indexOf('  thrown'))}  lora+: { rank: 2 }`));
  const { rows, run } = await platform.run<Compared>('compare', platform.at('more.yaml'));
  expect(rows.map(({ label }) => label)).toEqual(['untuned', 'full', 'lora', 'lora-plus']);
  const { steps } = await platform.run<RunView>('run', 'show', run);
  expect(steps.filter(({ cached }) => !cached).map(({ name }) => name)).toEqual(['tune.lora-plus', 'evaluate.lora-plus', 'compare']);
});
