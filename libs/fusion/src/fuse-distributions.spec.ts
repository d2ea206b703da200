import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openArrow } from '@tunesmith/checkpoints';
import { collectRows } from '@tunesmith/datasets';
import { setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { distributionsFile, StoredDistributions, trainModel, type TrainOptions } from '@tunesmith/training';
import { fuseDistributions, type FuseOptions } from './fuse-distributions.js';
import { representModel } from './represent-model.js';
import { writeConversations, writeForeignModel } from './testing/tiny-fusion.js';

const context = { signal: new AbortController().signal, onProgress() {} };
let root: Awaited<ReturnType<typeof temporaryFolder>>;
let options: FuseOptions;
const at = (name: string): string => join(root.path, name);

beforeAll(async () => {
  setThreads(1);
  root = await temporaryFolder();
  await writeTinyModel(at('pivot'));
  await writeTinyModel(at('alike'), { seed: 5 });
  await writeForeignModel(at('foreign'));
  await writeConversations(at('dataset'));
  for (const name of ['pivot', 'alike', 'foreign']) {
    await representModel({ modelFolder: at(name), pivotFolder: at('pivot'), datasetFolder: at('dataset'), splits: ['train'], topK: 5, maxLength: 200, longRows: 'drop', dtype: 'float32' }, at(`${name}-said`), context);
  }
  options = {
    datasetFolder: at('dataset'), pivotFolder: at('pivot-said'), sourceFolders: [at('foreign-said')], transfer: 'fusechat', fusion: 'min-ce', compare: 'token', temperature: 1, reward: 'best',
    vocabulary: { rule: { kind: 'statistics', score: 'repo' }, unmapped: 'drop' }, examples: 2,
  };
});
afterAll(() => root?.[Symbol.asyncDispose]());

async function fuse(name: string, change: Partial<FuseOptions> = {}) {
  const report = await fuseDistributions({ ...options, ...change }, at(name), at(`${name}-report`), context);
  return { report, folder: at(name), stored: await StoredDistributions.open(at(name), 'train') };
}

const trainOptions = (datasetFolder: string): TrainOptions => ({
  modelFolder: at('pivot'), datasetFolder, objective: { kind: 'distill', divergence: 'forward-kl', temperature: 1, topK: 0, labelShare: 0.9, mixing: 'soft' },
  method: { kind: 'full' }, optimizer: { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 }, neftuneAlpha: 0, maxLength: 200, longRows: 'refuse', packing: false,
  batch: 2, accumulate: 1, epochs: 1, steps: 2, learningRate: 1e-3, schedule: 'constant', warmupRatio: 0, maxGradientNorm: 1, seed: 1, order: 'file', dtype: 'float32', keep: 'last',
});

test('one source: the rows that all have read, with a teacher of the pivot\'s tokens that training takes', async () => {
  const { report, folder, stored } = await fuse('pairwise');
  using _stored = stored;
  using pivot = await StoredDistributions.open(options.pivotFolder, 'train');
  using foreign = await StoredDistributions.open(at('foreign-said'), 'train');
  const rows = await collectRows(folder);
  expect(rows.map(({ split }) => split)).toEqual(['train', 'train', 'train', 'validation']); // without the row that was too long
  expect(report).toMatchObject({ rows: 3, unreadRows: 1, pivot: { unreadRows: 1 }, sources: [{ unreadRows: 1 }] });
  for (let row = 0; row < 3; row += 1) {
    const [fused, own, losses] = [stored.row(row), pivot.row(row), [pivot.crossEntropy(row), foreign.crossEntropy(row)]];
    expect([fused.tokenIds, fused.places]).toEqual([own.tokenIds, own.places]);
    expect(fused.crossEntropy).toBeCloseTo(Math.min(...losses), 5);
    // MinCE: where the pivot knew the row best its own words stand.
    if (losses[0]! < losses[1]!) expect([fused.indices, fused.logits]).toEqual([own.indices, own.logits]);
    else expect(fused.indices).not.toEqual(own.indices);
  }
  const [source] = report.sources;
  expect(report.pivot.weight + source!.weight).toBeCloseTo(1, 12);
  expect(source!.fused).toBeGreaterThan(0.3);
  expect(source!.fused + source!.fellBack).toBeCloseTo(1, 12);
  expect(Object.values(source!.outcomes).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  // Each of the three turns ends with a token that the source spells in letters.
  expect(source!.outcomes['special-follows'] * report.places).toBeCloseTo(3, 6);
  expect((await trainModel(trainOptions(folder), at('tuned'), context)).loss.every(Number.isFinite)).toBe(true);
});

test('the report shows what was aligned, and the same fusion gives the same bytes', async () => {
  const [first, again] = [await fuse('first'), await fuse('again')];
  for (const { stored } of [first, again]) stored[Symbol.dispose]();
  const bytes = (name: string) => readFile(join(at(name), distributionsFile));
  expect((await bytes('first')).equals(await bytes('again'))).toBe(true);
  const document = JSON.parse(await readFile(join(at('first-report'), 'alignment.json'), 'utf8')) as { examples: { places: { pivot: string; follows: string; sources: { tokens: string[] }[] }[] }[] };
  expect(document.examples).toHaveLength(2);
  for (const { places } of document.examples) for (const [number, { pivot }] of places.entries()) if (number > 0) expect(places[number - 1]!.follows).toBe(pivot);
  const text = await readFile(join(at('first-report'), 'alignment.md'), 'utf8');
  expect(text).toContain('| `the` |');
  expect(text).toMatch(/\| source 1 \| \d\.\d{4} \|/);
});

test('a source of the pivot\'s own vocabulary is taken as it is', async () => {
  const { report, stored } = await fuse('alike-fused', { sourceFolders: [at('alike-said')] });
  using _stored = stored;
  using alike = await StoredDistributions.open(at('alike-said'), 'train');
  using pivot = await StoredDistributions.open(options.pivotFolder, 'train');
  expect(report.sources[0]).toMatchObject({ fused: 1, fellBack: 0 });
  for (let row = 0; row < 3; row += 1) {
    const best = alike.crossEntropy(row) < pivot.crossEntropy(row) ? alike : pivot;
    expect([stored.row(row).indices, stored.row(row).logits]).toEqual([best.row(row).indices, best.row(row).logits]);
  }
});

test('all in one, as a mixture: a distribution at each place, of all who spoke', async () => {
  const { report, stored } = await fuse('mixed', { sourceFolders: [at('foreign-said'), at('alike-said')], fusion: 'avg-ce', reward: 'mean' });
  using _stored = stored;
  expect(stored.entries).toBe(15);
  expect([report.pivot, ...report.sources].reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
  const { indices, logits } = stored.row(0);
  const probabilities = Array.from(new Float16Array(logits.buffer), Math.exp);
  for (let place = 0; place * 15 < indices.length; place += 1) {
    expect(probabilities.slice(place * 15, place * 15 + 15).reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 1);
  }
});

test('by the text, a source that cuts it into more pieces is not held for the better', async () => {
  const { report, stored } = await fuse('by-text', { compare: 'text', fusion: 'avg-ce', reward: 'best' });
  using _stored = stored;
  using pivot = await StoredDistributions.open(options.pivotFolder, 'train');
  using foreign = await StoredDistributions.open(at('foreign-said'), 'train');
  const sums = [0, 1, 2].map((row) => [pivot, foreign].map((each) => each.crossEntropy(row) * each.row(row).places.length));
  for (const [row, [own, other]] of sums.entries()) expect(stored.row(row).crossEntropy).toBeCloseTo(Math.min(own!, other!) / pivot.row(row).places.length, 5);
  expect(report.sources[0]!.crossEntropy).toBeCloseTo(sums.reduce((sum, [, other], row) => sum + other! / pivot.row(row).places.length / 3, 0), 5);
  expect(report.sources[0]!.crossEntropy).toBeGreaterThan([0, 1, 2].reduce((sum, row) => sum + foreign.crossEntropy(row) / 3, 0));
});

test('a row on which a model\'s loss is not a number is left out and counted', async () => {
  const broken = at('broken-said');
  await representModel({ modelFolder: at('foreign'), pivotFolder: at('pivot'), datasetFolder: at('dataset'), splits: ['train'], topK: 5, maxLength: 200, longRows: 'drop', dtype: 'float32' }, broken, context);
  const path = join(broken, distributionsFile);
  const bytes = await readFile(path);
  await using source = await openArrow(path);
  bytes.writeFloatLE(NaN, source.batches[0]!.get('cross_entropy')!.values!.begin + 4);
  await writeFile(path, bytes);
  const { report, stored } = await fuse('without', { sourceFolders: [broken] });
  stored[Symbol.dispose]();
  expect(report).toMatchObject({ rows: 2, unreadRows: 2, pivot: { unreadRows: 1 }, sources: [{ unreadRows: 2 }] });
});

test('refuses what others said, other numbers of tokens, and rows of another dataset', async () => {
  const represent = { modelFolder: at('foreign'), pivotFolder: at('pivot'), datasetFolder: at('dataset'), splits: ['train'] as const, topK: 5, maxLength: 200, longRows: 'drop' as const, dtype: 'float32' as const };
  await representModel({ ...represent, topK: 3 }, at('three'), context);
  await expect(fuse('a', { sourceFolders: [at('three')] })).rejects.toMatchObject({ code: 'entries-differ' });
  const rows = (await readFile(join(at('dataset'), 'rows.jsonl'), 'utf8')).replace('Where is', 'Where was');
  await writeConversations(at('other'));
  await writeFile(join(at('other'), 'rows.jsonl'), rows);
  await representModel({ ...represent, datasetFolder: at('other') }, at('others'), context);
  await expect(fuse('b', { sourceFolders: [at('others')] })).rejects.toMatchObject({ code: 'distributions-of-others', message: expect.stringContaining('other conversations') });
  await writeFile(join(at('other'), 'rows.jsonl'), rows.split('\n').slice(1).join('\n'));
  await expect(fuse('c', { datasetFolder: at('other') })).rejects.toMatchObject({ code: 'distributions-of-others', message: expect.stringContaining('3 train rows') });
});
