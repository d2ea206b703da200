import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, writeTinyModel } from '@tunesmith/tests-support';
import { collectRows } from '../read-rows.js';
import { serializeRow, type Row } from '../row.js';
import { composeDataset, type ComposeOptions } from './compose-dataset.js';
import { readDetectedShares } from './detected-shares.js';

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder('compose')));
afterAll(() => folder[Symbol.asyncDispose]());

const row = (domain: string, index: number, changes: Partial<Row> = {}): Row => ({
  messages: [{ role: 'user', content: `${domain} question ${index}` }, { role: 'assistant', content: `answer ${index}` }], split: index % 5 === 4 ? 'validation' : 'train', tags: [domain], ...changes,
});
const six = [...Array.from({ length: 50 }, (_, index) => row('law', index)), ...Array.from({ length: 20 }, (_, index) => row('code', index)), row('poems', 0), row('silent', 4)];

async function dataset(rows: readonly Row[] = six): Promise<string> {
  const datasetFolder = join(folder.path, `dataset-${Math.random()}`);
  await mkdir(datasetFolder, { recursive: true });
  await writeFile(join(datasetFolder, 'rows.jsonl'), rows.map((each) => `${serializeRow(each)}\n`).join(''));
  return datasetFolder;
}

async function composed(changes: Partial<ComposeOptions>, rows?: readonly Row[]) {
  const out = join(folder.path, `composed-${Math.random()}`);
  const report = await composeDataset({ datasetFolder: await dataset(rows), weights: { law: 0.5, code: 0.5 }, amount: { rows: 30 }, replacement: 'when-needed', seed: 1, ...changes }, out, quiet);
  return { out, report, rows: await collectRows(out) };
}

test('each domain gives floor(weight * rows), held-out rows stay, other domains stay out; the report has the exact counts', async () => {
  const { out, report, rows } = await composed({ weights: { law: 0.7, code: 0.3 }, amount: { rows: 61 } });
  const counts = (split: string, tag: string): number => rows.filter((each) => each.split === split && each.tags[0] === tag).length;
  expect([counts('train', 'law'), counts('train', 'code'), counts('validation', 'law'), counts('validation', 'code'), counts('train', 'poems')]).toEqual([42, 18, 10, 4, 0]);
  expect(report.composition).toEqual({
    rows: 60, otherRows: 1, heldOutRows: 14, heldOutAlone: [],
    domains: {
      law: { weight: 0.7, planned: 42, rows: 42, distinctRows: expect.any(Number), available: 40, withReplacement: true },
      code: { weight: 0.3, planned: 18, rows: 18, distinctRows: expect.any(Number), available: 16, withReplacement: true },
    },
  });
  const law = rows.filter((each) => each.split === 'train' && each.tags[0] === 'law').map(({ messages }) => messages[0]!.content);
  expect(report.composition.domains['law']!.distinctRows).toBe(new Set(law).size);
  expect(report).toMatchObject({ rows: 74, bySplit: { train: 60, validation: 14 } });
  expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toEqual(report);
});

test('of each domain the first held-out rows, as many as are asked for', async () => {
  const { report, rows } = await composed({ heldOutRows: 3 });
  expect(report.composition.heldOutRows).toBe(6);
  const first = (domain: string): string[] => six.filter(({ split, tags }) => split === 'validation' && tags[0] === domain).slice(0, 3).map(({ messages }) => messages[0]!.content);
  expect(rows.filter(({ split }) => split === 'validation').map(({ messages }) => messages[0]!.content)).toEqual([...first('law'), ...first('code')]);
});

test('the same options give the same bytes, another seed other rows', async () => {
  const bytes = async (seed: number): Promise<string> => readFile(join((await composed({ seed })).out, 'rows.jsonl'), 'utf8');
  expect(await bytes(1)).toBe(await bytes(1));
  expect(await bytes(2)).not.toBe(await bytes(1));
});

test('uniform takes every tag; detected and inverse go by what was detected', async () => {
  const trained = six.filter(({ tags }) => tags[0] !== 'silent');
  expect((await composed({ weights: 'uniform', amount: { rows: 9 } }, trained)).report.composition.domains).toMatchObject({ code: { rows: 3 }, law: { rows: 3 }, poems: { rows: 3, distinctRows: 1 } });
  // A domain whose training rows are missing is passed over, and told.
  expect((await composed({ weights: 'uniform', amount: { rows: 9 } })).report.composition).toMatchObject({ domains: { code: { rows: 3 }, law: { rows: 3 }, poems: { rows: 3 } }, heldOutAlone: ['silent'] });
  await writeFile(join(folder.path, 'detection.json'), JSON.stringify({ shares: { law: 0.8, code: 0.2 }, samples: 10 }));
  const shares = await readDetectedShares(folder.path);
  const counts = async (weights: 'detected' | 'inverse'): Promise<unknown> => (await composed({ weights, shares, amount: { rows: 10 } })).report.composition.domains;
  expect(await counts('detected')).toMatchObject({ law: { rows: 8 }, code: { rows: 2 } });
  expect(await counts('inverse')).toMatchObject({ law: { rows: 2 }, code: { rows: 8 } });
});

test('an amount in tokens counts those of the model', async () => {
  const modelFolder = join(folder.path, 'model');
  await writeTinyModel(modelFolder, {});
  const { report } = await composed({ amount: { tokens: 600 }, modelFolder });
  const { law, code } = report.composition.domains;
  expect([law!.planned, code!.planned]).toEqual([300, 300]);
  const perRow = law!.tokens! / law!.rows;
  for (const { tokens } of [law!, code!]) expect(Math.abs(tokens! - 300)).toBeLessThanOrEqual(perRow);
  expect(report.composition.tokens).toBe(law!.tokens! + code!.tokens!);
});

test.each<[string, Partial<ComposeOptions>, string, string]>([
  ['weights that do not sum to one', { weights: { law: 0.5, code: 0.6 } }, 'weights-sum', 'sum to 1.1'],
  ['a domain that no row has', { weights: { law: 0.5, art: 0.5 } }, 'domain-unknown', '(code, law, poems, silent); got "art"'],
  ['an empty domain', { weights: { law: 0.5, silent: 0.5 } }, 'domain-empty', 'silent has none. There are law (40)'],
  ['too few rows, where none may come twice', { replacement: 'never', amount: { rows: 100 } }, 'domain-too-small', 'law: expected at least 50 rows; there are 40'],
  ['an amount that gives nobody a row', { amount: { rows: 1 } }, 'nothing-composed', '1 rows by these weights give none'],
  ['tokens without a model', { amount: { tokens: 5 } }, 'model-missing', 'the model whose tokens are counted'],
])('%s is refused', async (_name, changes, code, message) => {
  await expect(composed(changes)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test('a row of two domains, and a dataset without tags, are refused', async () => {
  await expect(composed({}, [row('law', 0, { tags: ['law', 'code'] }), row('code', 1)])).rejects.toMatchObject({ code: 'domain-ambiguous', message: expect.stringContaining('Row 1') });
  await expect(composed({ weights: 'uniform' }, [row('law', 0, { tags: [] })])).rejects.toMatchObject({ code: 'domain-unknown', message: expect.stringContaining('none has one') });
});

test('a detection that is none is refused', async () => {
  await using other = await temporaryFolder('detection');
  await expect(readDetectedShares(other.path)).rejects.toMatchObject({ code: 'detection-invalid' });
  await writeFile(join(other.path, 'detection.json'), '{"shares":{"law":"most"}}');
  await expect(readDetectedShares(other.path)).rejects.toMatchObject({ code: 'detection-invalid', message: expect.stringContaining('a number for each domain') });
});
