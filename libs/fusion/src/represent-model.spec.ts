import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32FromFloat16 } from '@tunesmith/checkpoints';
import { loadForInference } from '@tunesmith/generation';
import { packTokens } from '@tunesmith/nn';
import { noGrad, ops, scope, setThreads } from '@tunesmith/tensor';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { distributionsFile, StoredDistributions } from '@tunesmith/training';
import { representModel, type RepresentOptions } from './represent-model.js';
import { writeConversations, writeForeignModel } from './testing/tiny-fusion.js';

const context = { signal: new AbortController().signal, onProgress() {} };
let root: Awaited<ReturnType<typeof temporaryFolder>>;
let options: RepresentOptions;

beforeAll(async () => {
  setThreads(1);
  root = await temporaryFolder();
  const at = (name: string): string => join(root.path, name);
  await writeTinyModel(at('pivot'));
  await writeForeignModel(at('source'));
  await writeConversations(at('dataset'));
  options = { modelFolder: at('pivot'), pivotFolder: at('pivot'), datasetFolder: at('dataset'), splits: ['train'], topK: 5, maxLength: 200, longRows: 'drop', dtype: 'float32' };
});
afterAll(() => root?.[Symbol.asyncDispose]());

const represent = async (name: string, change: Partial<RepresentOptions> = {}) => {
  const folder = join(root.path, name);
  return { folder, report: await representModel({ ...options, ...change }, folder, context) };
};

test('stores the likeliest tokens after each token before a trained one, and the mean loss: what the plain pass over the row says', async () => {
  const { folder, report } = await represent('plain');
  using stored = await StoredDistributions.open(folder, 'train');
  using loaded = await loadForInference(options.modelFolder, { dtype: 'float32' });
  expect([stored.rows, stored.entries]).toEqual([4, 5]);
  let places = 0;
  for (let row = 0; row < 3; row += 1) {
    const said = stored.row(row);
    const { tokenIds } = said;
    const text = loaded.tokenizer.decode(tokenIds);
    // Every place is followed by what the assistant says, the end of its turn included.
    const answer = said.places[0]! + 1;
    expect(text).toMatch(/assistant\n[^<]+<\|im_end\|>\n$/);
    expect(loaded.tokenizer.decode(tokenIds.slice(answer, said.places.at(-1)! + 2))).toMatch(/^[^<]+<\|im_end\|>$/);
    scope(() => noGrad(() => {
      const logProbabilities = ops.logSoftmax(loaded.model.logits(loaded.model.hidden(packTokens([tokenIds]))), -1); // [tokens, vocabulary]
      const all = Array.from(said.places, (place) => ops.select(logProbabilities, 0, place).toArray());
      const losses = all.map((each, number) => -each[tokenIds[said.places[number]! + 1]!]!);
      expect(said.crossEntropy).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / losses.length, 4);
      for (const [number, each] of all.entries()) {
        const sorted = [...each.keys()].sort((one, other) => each[other]! - each[one]!).slice(0, 5);
        expect([...said.indices.subarray(number * 5, number * 5 + 5)]).toEqual(sorted);
        float32FromFloat16(said.logits.slice(number * 5, number * 5 + 5)).forEach((logit, entry) => expect(Math.abs(logit - each[sorted[entry]!]!)).toBeLessThan(0.01));
      }
    }));
    places += said.places.length;
  }
  // The fourth row is longer than 200 tokens.
  expect(stored.row(3)).toMatchObject({ tokenIds: [], crossEntropy: NaN });
  expect(report).toMatchObject({ rows: 4, droppedRows: 1, notFiniteRows: 0, places });
  expect(report.crossEntropy).toBeCloseTo((stored.crossEntropy(0) + stored.crossEntropy(1) + stored.crossEntropy(2)) / 3, 5);
});

test('a source without a template reads what the pivot wrote, with the beginning that it was made with; the same bytes twice', async () => {
  const [first, again] = [await represent('foreign', { modelFolder: join(root.path, 'source') }), await represent('foreign-again', { modelFolder: join(root.path, 'source') })];
  using stored = await StoredDistributions.open(first.folder, 'train');
  using pivot = await StoredDistributions.open((await represent('of-pivot')).folder, 'train');
  using loaded = await loadForInference(join(root.path, 'source'), { dtype: 'float32' });
  using own = await loadForInference(options.pivotFolder, { dtype: 'float32' });
  expect(loaded.format).toBeUndefined();
  for (let row = 0; row < 3; row += 1) {
    const [{ tokenIds, places }, ofPivot] = [stored.row(row), pivot.row(row)];
    expect(tokenIds[0]).toBe(loaded.tokenizer.bosTokenId);
    expect(tokenIds.length).not.toBe(ofPivot.tokenIds.length + 1); // another vocabulary
    expect(loaded.tokenizer.decode(tokenIds.slice(1))).toBe(own.tokenizer.decode(ofPivot.tokenIds));
    // The same text is trained: its tokens differ, and the pivot's end of turn is spelled in letters.
    const trained = (ids: readonly number[], at: Int32Array, read: (ids: number[]) => string): string => read([...at].map((place) => ids[place + 1]!));
    expect(trained(tokenIds, places, (ids) => loaded.tokenizer.decode(ids))).toBe(trained(ofPivot.tokenIds, ofPivot.places, (ids) => own.tokenizer.decode(ids)));
  }
  expect(stored.metadata.get('train.conversations')).toBe(pivot.metadata.get('train.conversations'));
  const bytes = ({ folder }: { folder: string }) => readFile(join(folder, distributionsFile));
  expect((await bytes(first)).equals(await bytes(again))).toBe(true);
});

test('both splits, one beside the other', async () => {
  const { folder, report } = await represent('both', { splits: ['train', 'validation'] });
  expect([await StoredDistributions.covers(folder, 'train'), await StoredDistributions.covers(folder, 'validation')]).toEqual([true, true]);
  expect(report.rows).toBe(5);
});

test('refuses a pivot without a template, rows that are too long, a vocabulary larger than its embedding, and nothing at all', async () => {
  await expect(represent('a', { pivotFolder: join(root.path, 'source') })).rejects.toMatchObject({ code: 'no-chat-template', message: expect.stringContaining('pivot') });
  await expect(represent('b', { longRows: 'refuse' })).rejects.toMatchObject({ code: 'row-too-long', message: expect.stringContaining('row 4') });
  await expect(represent('c', { maxLength: 8 })).rejects.toMatchObject({ code: 'nothing-to-represent', message: expect.stringContaining('got 4 rows, 4 of them too long') });
  const heldOut = join(root.path, 'held-out');
  await mkdir(heldOut);
  const rows = (await readFile(join(options.datasetFolder, 'rows.jsonl'), 'utf8')).split('\n').filter((line) => line.includes('"validation"'));
  await writeFile(join(heldOut, 'rows.jsonl'), rows.map((line) => `${line}\n`).join(''));
  await expect(represent('d', { datasetFolder: heldOut })).rejects.toMatchObject({ code: 'nothing-to-represent', message: expect.stringContaining('all its rows are in other splits') });
  const grown = join(root.path, 'grown');
  await writeTinyModel(grown);
  const tokenizer = JSON.parse(await readFile(join(grown, 'tokenizer.json'), 'utf8')) as { added_tokens: { id: number; content: string }[] };
  const grow = (special: boolean) => writeFile(join(grown, 'tokenizer.json'), JSON.stringify({ ...tokenizer, added_tokens: [...tokenizer.added_tokens, { ...tokenizer.added_tokens[0]!, id: 900, content: '<|new|>', special }] }));
  await grow(false);
  await expect(represent('d', { modelFolder: grown })).rejects.toMatchObject({ code: 'vocabulary-exceeds-embedding', message: expect.stringMatching(/has 901, "<\|new\|>" among those beyond/) });
  // A special token without a row, as Gemma 3 has one, hinders nothing until a row has it.
  await grow(true);
  expect((await represent('e', { modelFolder: grown })).report.crossEntropy).toBe((await represent('f')).report.crossEntropy);
  const written = join(root.path, 'written');
  await writeConversations(written);
  await writeFile(join(written, 'rows.jsonl'), (await readFile(join(written, 'rows.jsonl'), 'utf8')).replace('another hunter', 'another <|new|>'));
  await expect(represent('g', { modelFolder: grown, datasetFolder: written })).rejects.toMatchObject({ code: 'vocabulary-exceeds-embedding', message: expect.stringMatching(/row 2: .*got "<\|new\|>", token 900/) });
});

test('stops when it is told to, and leaves nothing', async () => {
  const folder = join(root.path, 'stopped');
  await expect(representModel(options, folder, { signal: AbortSignal.abort(new Error('enough')), onProgress() {} })).rejects.toThrow('enough');
  await expect(readFile(join(folder, distributionsFile))).rejects.toMatchObject({ code: 'ENOENT' });
});
