import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { pack } from 'tar-stream';
import type { WorkContext } from '@tunesmith/tensor';
import { importDataset, type ImportDatasetOptions } from '../import-dataset.js';
import { collectRows } from '../read-rows.js';
import { zipOf } from '../testing/zip-of.js';

const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
const rows = [
  { query: 'How far is the moon?', response: 'About 384,000 km.', split: 'train' },
  { query: 'Say "hello",\nplease', response: 'hello', split: 'train' },
];
const jsonLines = (some: readonly object[]): string => some.map((row) => `${JSON.stringify(row)}\n`).join('');
const content = jsonLines(rows);
const csv = 'query,response,split\nHow far is the moon?,"About 384,000 km.",train\n"Say ""hello"",\nplease",hello,train\n';
const parquet = (): Buffer =>
  Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'query', data: rows.map(({ query }) => query), type: 'STRING' }, { name: 'response', data: rows.map(({ response }) => response), type: 'STRING' }, { name: 'split', data: ['train', null], type: 'STRING', nullable: true }] }));

async function tarOf(files: Readonly<Record<string, string | Uint8Array>>, extra: readonly Parameters<ReturnType<typeof pack>['entry']>[0][] = []): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, Buffer.from(bytes));
  for (const header of extra) tar.entry(header);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-sources-'));
  out = join(folder, 'out');
});
afterEach(() => rm(folder, { recursive: true }));

async function put(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const place = join(folder, 'data');
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    await writeFile(join(place, name), bytes);
  }
  return place;
}

const run = (path: string, options: ImportDatasetOptions = {}) => importDataset(path, out, options, context);

test.each([
  ['rows.jsonl', content],
  ['rows.json', JSON.stringify(rows)],
  ['rows.csv', `\ufeff${csv.replaceAll('\n', '\r\n').replace('hello"",\r\n', 'hello"",\n')}`],
  ['rows.jsonl.gz', gzipSync(content)],
  ['rows.json.zst', zstdCompressSync(JSON.stringify(rows))],
  ['rows.csv.gz', gzipSync(csv)],
  ['rows', content],
])('%s gives the same rows as JSON lines', async (name, bytes) => {
  const place = await put({ [name]: bytes });
  expect(await run(join(place, name))).toMatchObject({ rows: 2, formats: { 'query-response': 2 }, files: [{ rows: 2, dropped: 0 }] });
  expect((await collectRows(out)).map(({ messages }) => messages.map((message) => message.content))).toEqual(rows.map(({ query, response }) => [query, response]));
});

test.each([['rows.parquet', parquet()], ['rows.parquet.gz', gzipSync(parquet())], ['rows.parquet.zst', zstdCompressSync(parquet())]])('%s is read, nulls as absent values', async (name, bytes) => {
  const place = await put({ [name]: bytes });
  await run(join(place, name), { validationShare: 1 });
  expect((await collectRows(out)).map(({ messages, split }) => [messages[0]!.content, split])).toEqual([[rows[0]!.query, 'train'], [rows[1]!.query, 'validation']]);
});

test('lists in a table are JSON in their cells', async () => {
  const messages = JSON.stringify([{ role: 'user', content: 'Q' }, { role: 'assistant', content: 'A' }]);
  const place = await put({ 'rows.csv': `messages,tags\n"${messages.replaceAll('"', '""')}","[""a"",""b""]"\n` });
  await run(join(place, 'rows.csv'));
  expect(await collectRows(out)).toMatchObject([{ messages: [{ content: 'Q' }, { content: 'A' }], tags: ['a', 'b'] }]);
});

test('of a folder every file of rows is read; its name gives tag and split, unless the row has them', async () => {
  const place = await put({
    'law.train.jsonl': jsonLines([{ query: 'L1', response: 'A', tags: ['contract'] }, { query: 'L2', response: 'A', split: 'validation' }]),
    'law.eval.jsonl.gz': gzipSync(jsonLines([{ prompt: 'L3', completion: 'A' }])),
    'deep/science.json': JSON.stringify([{ instruction: 'S1', output: 'A' }]),
    'test.csv': 'query,response\nT1,A\n',
    'README.md': '# not rows',
    '.cache/old.jsonl': 'not json',
  });
  expect(await run(place, { validationShare: 0 })).toMatchObject({
    rows: 5,
    bySplit: { train: 2, validation: 3 },
    byTag: { contract: { train: 1 }, law: { train: 1, validation: 2 }, science: { train: 1 } },
    files: [
      { name: 'deep/science.json', forms: { alpaca: 1 }, rows: 1, dropped: 0 },
      { name: 'law.eval.jsonl.gz', forms: { 'prompt-completion': 1 }, rows: 1, dropped: 0 },
      { name: 'law.train.jsonl', forms: { 'query-response': 2 }, rows: 2, dropped: 0 },
      { name: 'test.csv', forms: { 'query-response': 1 }, rows: 1, dropped: 0 },
    ],
    otherFiles: ['.cache/old.jsonl', 'README.md'],
  });
  const byQuestion = new Map((await collectRows(out)).map((row) => [row.messages[0]!.content, row]));
  expect(byQuestion.get('L1')).toMatchObject({ tags: ['contract', 'law'], split: 'train' });
  expect(byQuestion.get('T1')).toMatchObject({ tags: [], split: 'validation' });
});

test('problems and conflicts in a folder name the file', async () => {
  const place = await put({ 'a.train.jsonl': `${jsonLines([{ query: 'Q', response: 'A' }])}oops\n`, 'b.eval.jsonl': jsonLines([{ query: 'Q', response: 'A', split: 'validation' }]) });
  await expect(run(place)).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringMatching(/a\.train\.jsonl:2: not valid JSON.*\nb\.eval\.jsonl:1: says the same as a\.train\.jsonl:1/) });
  expect(await run(place, { skipInvalid: true })).toMatchObject({ rows: 1, files: [{ dropped: 1 }, { rows: 0, dropped: 1 }], dropped: { problems: [{ file: 'a.train.jsonl', line: 2 }, { file: 'b.eval.jsonl', line: 1 }] } });
});

test('a row in files of both splits is left out of the later one, which is told', async () => {
  const place = await put({ 'a.eval.jsonl': jsonLines([{ query: 'Q', response: 'A' }]), 'a.train.jsonl': jsonLines([{ query: 'Q', response: 'A' }, { query: 'R', response: 'A' }]) });
  expect(await run(place)).toMatchObject({ bySplit: { train: 1, validation: 1 }, dropped: { rows: 1, reasons: { 'split-conflict': 1 }, problems: [{ file: 'a.train.jsonl', line: 1 }] } });
});

test('a dataset folder of our own imports to itself', async () => {
  const place = await put({ 'rows.jsonl': content });
  await run(join(place, 'rows.jsonl'));
  const written = await readFile(join(out, 'rows.jsonl'), 'utf8');
  await importDataset(out, join(folder, 'again'), {}, context);
  expect((await readFile(join(folder, 'again', 'rows.jsonl'), 'utf8')).replaceAll(',"tags":["rows"]', '')).toBe(written);
});

test('a folder without rows is refused', async () => {
  await expect(run(await put({ 'README.md': 'x' }))).rejects.toMatchObject({ code: 'dataset-empty', message: expect.stringContaining('the folder has README.md') });
});

describe('archives', () => {
  const files = { './law.train.jsonl': content, 'sub/law.eval.csv': 'query,response\nHeld out?,yes\n', 'notes.txt': 'x', 'more.parquet': parquet() };

  test.each([
    ['data.tar', async () => tarOf(files)],
    ['data.tar.gz', async () => gzipSync(await tarOf(files))],
    ['data.tgz', async () => gzipSync(await tarOf(files))],
    ['data.tar.zst', async () => zstdCompressSync(await tarOf(files))],
    ['data.zip', async () => zipOf({ ...files, 'law.train.jsonl': content, './law.train.jsonl': undefined })],
  ])('%s is read as the folder that it holds', async (name, bytes) => {
    const place = await put({ [name]: await bytes() });
    // more.parquet repeats the rows of law.train.jsonl; the split of its second row is decided by its hash.
    const report = await run(join(place, name), { validationShare: 0 });
    expect(report).toMatchObject({ rows: 5, duplicates: 2, bySplit: { train: 4, validation: 1 }, byTag: { law: { train: 2, validation: 1 }, more: { train: 2 } }, otherFiles: ['notes.txt'] });
  });

  test.each([
    ['a name that leads out of it', () => tarOf({ '../evil.jsonl': content }), 'tar', '"../evil.jsonl" leads out of it'],
    ['an absolute name', () => tarOf({ '/etc/evil.jsonl': content }), 'tar', 'leads out of it'],
    ['a symbolic link', () => tarOf({}, [{ name: 'rows.jsonl', type: 'symlink', linkname: '/etc/passwd' }]), 'tar', '"rows.jsonl" is a symlink'],
    ['a hard link', () => tarOf({}, [{ name: 'rows.jsonl', type: 'link', linkname: '/etc/passwd' }]), 'tar', 'is a link'],
    ['a device', () => tarOf({}, [{ name: 'rows.jsonl', type: 'character-device' }]), 'tar', 'is a character-device'],
    ['a name that leads out of it, in a zip', async () => zipOf({ '../evil.jsonl': content }), 'zip', '../evil.jsonl'],
    ['a backslash in a name', async () => zipOf({ '..\\evil.jsonl': content }), 'zip', 'evil.jsonl'],
    ['a link in a zip', async () => zipOf({ 'rows.jsonl': '/etc/passwd' }, { mode: 0o120777 }), 'zip', 'is a link'],
  ])('with %s is refused', async (_what, bytes, ending, reason) => {
    const place = await put({ [`data.${ending}`]: await bytes() });
    await expect(run(join(place, `data.${ending}`))).rejects.toMatchObject({ code: 'archive-unsafe', message: expect.stringContaining(reason) });
  });

  test('that are no archives, are cut off, or hold no rows are refused', async () => {
    const whole = gzipSync(await tarOf({ 'rows.jsonl': jsonLines(Array.from({ length: 3000 }, (_, index) => ({ query: `${index * 7919}`, response: 'A' }))) }));
    const place = await put({ 'no.tar': 'x'.repeat(2000), 'no.zip': 'x', 'no.tar.gz': 'x', 'cut.tar.gz': whole.subarray(0, whole.length / 2), 'none.zip': zipOf({ a: 'x' }) });
    for (const name of ['no.tar', 'no.zip', 'no.tar.gz', 'cut.tar.gz']) await expect(run(join(place, name))).rejects.toMatchObject({ code: 'source-damaged' });
    await expect(run(join(place, 'none.zip'))).rejects.toMatchObject({ code: 'dataset-empty', message: expect.stringContaining('the archive has a') });
  });
});

test.each([
  ['cut.jsonl.gz', gzipSync(content).subarray(0, 40), 'cut off'],
  ['no.jsonl.zst', 'plain text', 'zstd'],
  ['no.parquet', 'plain text that is long enough to hold a footer', 'Parquet'],
  ['twice.csv', 'query,query\na,b\n', 'it names "query" twice'],
  ['semicolons.csv', 'query;response\na;b\n', 'commas between columns; its header "query;response" has ;'],
  ['tabs.csv', 'query\tresponse\na\tb\n', 'has tabs'],
  ['numbered.csv', ',query,response\n0,a,b\n', 'index=False'],
  ['latin.csv', Buffer.from('query,response\ncaf\xe9,yes\n', 'latin1'), 'UTF-8'],
])('%s is refused as damaged', async (name, bytes, reason) => {
  const place = await put({ [name]: bytes });
  await expect(run(join(place, name))).rejects.toMatchObject({ code: 'source-damaged', message: expect.stringContaining(reason) });
});

test('rows of a table that do not fit its header are named by their line', async () => {
  const place = await put({ 'rows.csv': 'query,response\nQ,A\nalone\nR,B,C\nS,T\n' });
  expect(await run(join(place, 'rows.csv'), { skipInvalid: true })).toMatchObject({ rows: 2, dropped: { rows: 2, reasons: { 'invalid-csv': 2 }, problems: [{ line: 3 }, { line: 4 }] } });
});

describe('a dataset that changes while it is read is refused', () => {
  const many = jsonLines(Array.from({ length: 1500 }, (_, index) => ({ query: `question ${index}`, response: 'long '.repeat(300) })));

  /** Does something when the first bytes were read. */
  const whileReading = (act: () => Promise<void>): WorkContext & { done: Promise<void> | undefined } => {
    const reading = { ...context, done: undefined as Promise<void> | undefined, onProgress: () => void (reading.done ??= act()) };
    return reading;
  };

  test('a file that grows', async () => {
    const place = join(await put({ 'rows.jsonl': many }), 'rows.jsonl');
    const reading = whileReading(() => appendFile(place, content));
    await expect(importDataset(place, out, {}, reading)).rejects.toMatchObject({ code: 'dataset-changed', message: expect.stringContaining('rows.jsonl') });
  });

  test('a folder that gets another file, or loses one', async () => {
    const place = await put({ 'a.jsonl': many });
    await expect(importDataset(place, out, {}, whileReading(() => symlink(join(place, 'a.jsonl'), join(place, 'b.jsonl'))))).rejects.toMatchObject({ code: 'dataset-changed', facts: { files: [join(place, 'b.jsonl')] } });
    await expect(importDataset(place, out, {}, whileReading(() => rm(join(place, 'b.jsonl'))))).rejects.toMatchObject({ code: 'dataset-changed' });
  });
});
