import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { WorkContext, WorkProgress } from '@tunesmith/tensor';
import { describeDataset } from './describe-dataset.js';
import { importDataset, type ImportDatasetOptions } from './import-dataset.js';
import type { DatasetReport } from './dataset-report.js';
import { collectRows } from './read-rows.js';
import { serializeRow } from './row.js';

const row = (question: string, answer = 'A', extra: object = {}): object => ({ messages: [{ role: 'user', content: question }, { role: 'assistant', content: answer }], ...extra });
const jsonLines = (...rows: object[]): string => rows.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('importDataset', () => {
  let folder: string;
  let out: string;
  const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-dataset-'));
    out = join(folder, 'out');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function run(content: string | Uint8Array, options: ImportDatasetOptions = {}, name = 'rows.jsonl'): Promise<DatasetReport> {
    await writeFile(join(folder, name), content);
    return importDataset(join(folder, name), out, options, context);
  }

  test('writes canonical rows and a report', async () => {
    const report = await run(
      jsonLines(
        row('How far is the moon?', 'About 384,000 km.', { split: 'train', tags: ['space'] }),
        { query: 'Who are you?', response: 'I am {{NAME}}.', split: 'validation', tags: ['identity'], expect: '{{NAME}}', id: 3 },
        { query: 'Tell a joke.', answerWith: 'self', split: 'train' },
        row('How far is the moon?', 'About 384,000 km.', { split: 'train' }),
      ),
    );
    expect((await readFile(join(out, 'rows.jsonl'), 'utf8')).split('\n')).toEqual([
      '{"messages":[{"role":"user","content":"How far is the moon?"},{"role":"assistant","content":"About 384,000 km."}],"split":"train","tags":["space"]}',
      '{"messages":[{"role":"user","content":"Who are you?"},{"role":"assistant","content":"I am {{NAME}}."}],"split":"validation","tags":["identity"],"expect":"{{NAME}}"}',
      '{"messages":[{"role":"user","content":"Tell a joke."}],"split":"train","answerWith":"self"}',
      '{"messages":[{"role":"user","content":"How far is the moon?"},{"role":"assistant","content":"About 384,000 km."}],"split":"train"}',
      '',
    ]);
    expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8'))).toEqual(report);
    expect(report).toEqual({
      rows: 4,
      bySplit: { train: 3, validation: 1 },
      byTag: { identity: { train: 0, validation: 1 }, space: { train: 1, validation: 0 } },
      formats: { messages: 2, 'query-response': 2 },
      files: [{ forms: { messages: 2, 'query-response': 2 }, rows: 4, dropped: 0 }],
      otherFiles: [],
      ignoredKeys: { id: 1 },
      duplicates: 1,
      nearDuplicates: { threshold: 0.8, rows: 0, acrossSplits: 0 },
      waitingForAnswer: 1,
      placeholders: ['NAME'],
      characters: { total: 112, trainedShare: 48 / 112, shortest: 12, longest: 37, histogram: [{ upTo: 16, rows: 1 }, { upTo: 32, rows: 1 }, { upTo: 64, rows: 2 }] },
      languages: { examined: 4, shares: { eng: 0.75, und: 0.25 } },
      sensitive: {},
      dropped: { rows: 0, reasons: {}, problems: [], duplicates: 0, nearDuplicates: 0 },
    });
    expect(await readdir(out)).toEqual(['report.json', 'rows.jsonl']);
  });

  test('the same bytes in give the same bytes out, whatever the file is called', async () => {
    const content = jsonLines(...Array.from({ length: 50 }, (_, index) => row(`question ${index}`)));
    await run(content);
    const first = [await readFile(join(out, 'rows.jsonl')), await readFile(join(out, 'report.json'))];
    await run(content, {}, 'other.jsonl');
    expect([await readFile(join(out, 'rows.jsonl')), await readFile(join(out, 'report.json'))]).toEqual(first);
  });

  test('what was written reads back and imports to itself', async () => {
    await run(jsonLines(row('a', 'b', { tags: ['x'] }), { instruction: 'i', output: 'o' }, { prompt: 'p', answerWith: 'self' }, { text: 'plain' }, { prompt: 'p', chosen: 'c', rejected: 'r', system: 's' }, { messages: [{ role: 'user', content: 'u' }, { role: 'assistant', content: 'v', loss: true, loss_scale: 0.5 }] }));
    const rows = await collectRows(out);
    const written = await readFile(join(out, 'rows.jsonl'), 'utf8');
    expect(rows.map((each) => `${serializeRow(each)}\n`).join('')).toBe(written);
    await run(written);
    expect(await readFile(join(out, 'rows.jsonl'), 'utf8')).toBe(written);
    expect(await collectRows(out, { tag: 'x' })).toEqual([rows[0]]);
  });

  test('splits by the question alone: a row stays on its side when others come and when its answer changes', async () => {
    const sides = async (rows: object[]): Promise<Map<string, string>> => {
      await run(jsonLines(...rows), { validationShare: 0.3 });
      return new Map((await collectRows(out)).map((each) => [each.messages[0]!.content, each.split]));
    };
    const rows = Array.from({ length: 300 }, (_, index) => row(`question ${index}`, 'first'));
    const before = await sides(rows);
    const after = await sides([row('new'), ...rows.toReversed().map((_, index) => row(`question ${index}`, 'second'))]);
    for (const [question, side] of before) expect(after.get(question)).toBe(side);
    const held = [...before.values()].filter((side) => side === 'validation').length;
    expect(Math.abs(held - 90)).toBeLessThan(35);
  });

  test('names file, line and reason of every problem, and leaves nothing behind', async () => {
    const content = `${jsonLines(row('fine'))}{"messages":[{"role":"user","content":"Q"}]}\n\n{"messages": oops}\r\n${jsonLines({ messages: [{ role: 'robot', content: 'x' }, { role: 'assistant', content: 'y' }] })}`;
    const error: unknown = await run(content).catch((each: unknown) => each);
    expect(error).toMatchObject({ code: 'dataset-invalid', facts: { count: 3, rows: 3, reasons: { 'no-answer': 1, 'invalid-json': 1, 'unknown-role': 1 } } });
    const { message } = error as Error;
    expect(message).toContain('rows.jsonl:2: no answer: the last message is the user\'s');
    expect(message).toContain('rows.jsonl:4: not valid JSON');
    expect(message).toContain('rows.jsonl:5: messages[0]: expected the role system, user, assistant, tool; got "robot"');
    expect(message).toContain('--skip-invalid');
    expect(await readdir(out)).toEqual([]);
  });

  test('with skipInvalid counts what is wrong and keeps the rest', async () => {
    const report = await run(`${jsonLines(row('one'))}not json\n${jsonLines(row('two'), { query: 'Q' })}`, { skipInvalid: true });
    expect(report).toMatchObject({ rows: 2, dropped: { rows: 2, reasons: { 'invalid-json': 1, 'no-answer': 1 }, problems: [{ line: 2, code: 'invalid-json' }, { line: 4, code: 'no-answer' }] } });
    expect((await collectRows(out)).map(({ messages }) => messages[0]!.content)).toEqual(['one', 'two']);
  });

  test('keys that say nothing are left out where they are named, of messages too, and counted; others stay wrong', async () => {
    const rows = jsonLines({ ...row('one'), source: 'web', score: 3 }, { messages: [{ role: 'user', content: 'two', weight: 1 }, { role: 'assistant', content: 'b' }], prompt: 'two' });
    await expect(run(rows)).rejects.toMatchObject({ message: expect.stringMatching(/rows\.jsonl:1: unknown key "source"[^]*Leave keys that say nothing for training out with --ignore-key NAME\./) });
    expect(await run(rows, { ignoreKeys: ['source', 'score', 'weight', 'prompt'] })).toMatchObject({ rows: 2, formats: { messages: 2 }, ignoredKeys: { prompt: 1, score: 1, source: 1, weight: 1 }, dropped: { rows: 0 } });
    expect((await collectRows(out)).map(({ messages }) => messages[0]!.content)).toEqual(['one', 'two']);
    await expect(run(rows, { ignoreKeys: ['source', 'weight', 'prompt'] })).rejects.toMatchObject({ facts: { rows: 1, reasons: { 'unknown-key': 1 } } });
  });

  test('lists the first problems only, and counts the rest', async () => {
    await expect(run('x\n'.repeat(500), { maxProblems: 3 })).rejects.toMatchObject({ message: expect.stringMatching(/500 rows are not valid:\n(rows\.jsonl:[123]: .*\n){3}and 497 more\n/), facts: { count: 500 } });
  });

  test('refuses a conversation that is both trained on and held out', async () => {
    await expect(run(jsonLines(row('Q', 'A', { split: 'train' }), row('Q', 'A', { split: 'validation' })))).rejects.toMatchObject({
      message: expect.stringContaining('rows.jsonl:2: says the same as line 1, which is in the train split'),
      facts: { reasons: { 'split-conflict': 1 } },
    });
  });

  test('takes CR LF, a last line without an end, and blank lines', async () => {
    expect(await run(`${JSON.stringify(row('a'))}\r\n\r\n  \n${JSON.stringify(row('b'))}`)).toMatchObject({ rows: 2 });
  });

  test.each([
    ['a byte order mark', Buffer.from(`\ufeff${jsonLines(row('Q'))}`), 1, 'byte-order-mark', 'byte order mark (EF BB BF)'],
    ['UTF-16', Buffer.from(`\ufeff${jsonLines(row('Q'))}`, 'utf16le'), 1, 'byte-order-mark', 'iconv -f UTF-16'],
    ['other bytes than UTF-8', Buffer.concat([Buffer.from(jsonLines(row('Q'))), Buffer.from('{"query":"caf'), Buffer.from([0xe9]), Buffer.from('","response":"A"}\n')]), 2, 'invalid-utf8', '{"query":"caf\ufffd'],
    ['a line that is too long', Buffer.from(jsonLines(row('Q'), row('x'.repeat(2000)), row('R'))), 2, 'too-long', 'expected at most 1000 bytes in a row; got'],
  ])('reports %s', async (_name, content, line, code, reason) => {
    await expect(run(content, { maxRowBytes: 1000 })).rejects.toMatchObject({ message: expect.stringContaining(reason), facts: { count: 1, problems: [{ line, code }] } });
  });

  test('keeps the row behind a byte order mark when told to skip what is invalid', async () => {
    expect(await run(`\ufeff${jsonLines(row('Q'))}`, { skipInvalid: true })).toMatchObject({ rows: 1, dropped: { rows: 0, reasons: { 'byte-order-mark': 1 } } });
  });

  test.each([
    ['an empty file', '', 'an empty file'],
    ['an empty array', ' [ ]\n', 'an empty file'],
  ])('refuses %s', async (_name, content, reason) => {
    await expect(run(content)).rejects.toMatchObject({ code: 'dataset-empty', message: expect.stringContaining(reason) });
    await expect(run('junk\n', { skipInvalid: true })).rejects.toMatchObject({ code: 'dataset-empty', message: expect.stringContaining('none of them valid') });
  });

  test('refuses what is not a file', async () => {
    await expect(importDataset(join(folder, 'absent.jsonl'), out, {}, context)).rejects.toMatchObject({ code: 'dataset-not-a-file' });
  });

  test('stops when told to, and leaves nothing behind', async () => {
    await writeFile(join(folder, 'rows.jsonl'), jsonLines(row('Q')));
    await expect(importDataset(join(folder, 'rows.jsonl'), out, {}, { ...context, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(out)).toEqual([]);
  });

  test('reads a file much larger than a chunk and says how far it is', async () => {
    const seen: WorkProgress[] = [];
    const content = jsonLines(...Array.from({ length: 3000 }, (_, index) => row(`question ${index}`, 'word '.repeat(150))));
    await writeFile(join(folder, 'rows.jsonl'), content);
    const report = await importDataset(join(folder, 'rows.jsonl'), out, {}, { ...context, onProgress: (progress) => seen.push(progress) });
    expect(report.rows).toBe(3000);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toMatchObject({ done: Buffer.byteLength(content), total: Buffer.byteLength(content), unit: 'bytes' });
    expect((await collectRows(out))[2999]!.messages[0]!.content).toBe('question 2999');
  });

  describe('of one JSON array', () => {
    test('gives the same as the same rows by lines, however it is laid out', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1 })).filter(([question, answer]) => question.trim() !== '' && answer.trim() !== ''), { minLength: 1, maxLength: 5 }),
          fc.constantFrom(0, 1, 4),
          async (pairs, indent) => {
            const rows = pairs.map(([question, answer]) => row(question, answer, { split: 'train' }));
            await run(jsonLines(...rows));
            const byLines = await readFile(join(out, 'rows.jsonl'), 'utf8');
            await run(`\n ${JSON.stringify(rows, null, indent)}\n`, {}, 'rows.json');
            expect(await readFile(join(out, 'rows.jsonl'), 'utf8')).toBe(byLines);
          },
        ),
        { numRuns: 30 },
      );
    });

    test.each([
      ['a row that is wrong, by the line on which it begins', '[\n {"query":"a","response":"b"},\n\n {"query":\n "c"}\n]', 4, 'no-answer'],
      ['broken JSON within a row', '[{"query":"a","response":"b"},\n{"query" "c"}]', 2, 'invalid-json'],
      ['a file that is cut off', '[{"query":"a","response":"b"},\n{"query":"c","res', 2, 'invalid-json'],
      ['a comma too many', '[{"query":"a","response":"b"},\n]', 2, 'invalid-json'],
      ['something after the array', '[{"query":"a","response":"b"}]\n[]', 2, 'invalid-json'],
      ['a row that is too long', `[{"query":"a","response":"b"},\n{"query":"c","response":"${'x'.repeat(2000)}"}]`, 2, 'too-long'],
      ['a row that is no object', '[{"query":"a","response":"b"},\n["c"]]', 2, 'not-an-object'],
    ])('reports %s', async (_name, content, line, code) => {
      await expect(run(content, { maxRowBytes: 1000 }, 'rows.json')).rejects.toMatchObject({ code: 'dataset-invalid', facts: { count: 1, problems: [{ line, code }] } });
      expect(await run(content, { maxRowBytes: 1000, skipInvalid: true }, 'rows.json')).toMatchObject({ rows: 1, dropped: { reasons: { [code]: 1 } } });
    });
  });
});

describe('duplicates', () => {
  const context: WorkContext = { signal: new AbortController().signal, onProgress: () => undefined };
  const sentence = 'The quarterly report of the committee says that costs in the northern districts have risen while revenue stayed where it was';
  const rows = [row('Q1', sentence, { split: 'train' }), row('Q2', 'An answer of its own.', { split: 'train' }), row('Q1', sentence, { split: 'train' }), row('Q1', `${sentence} too`, { split: 'validation' }), row('Q3', 'Another answer entirely.', { split: 'train' })];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-duplicates-'));
    await writeFile(join(folder, 'rows.jsonl'), jsonLines(...rows));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each([
    [undefined, 5, { duplicates: 1, nearDuplicates: { threshold: 0.8, rows: 1, acrossSplits: 1 }, dropped: { duplicates: 0, nearDuplicates: 0 } }],
    ['exact' as const, 4, { duplicates: 0, nearDuplicates: { threshold: 0.8, rows: 1, acrossSplits: 1 }, dropped: { duplicates: 1, nearDuplicates: 0 } }],
    ['near' as const, 3, { duplicates: 0, nearDuplicates: { threshold: 0.8, rows: 0, acrossSplits: 0 }, dropped: { duplicates: 1, nearDuplicates: 1 } }],
  ])('are counted, and left out on demand: %s', async (dropDuplicates, count, expected) => {
    const report = await importDataset(join(folder, 'rows.jsonl'), join(folder, 'out'), dropDuplicates ? { dropDuplicates } : {}, context);
    expect(report).toMatchObject({ rows: count, formats: { messages: 5 }, files: [{ rows: 5 }], ...expected });
    const kept = await collectRows(join(folder, 'out'));
    expect(kept.map(({ messages }) => messages[0]!.content)).toEqual(count === 5 ? ['Q1', 'Q2', 'Q1', 'Q1', 'Q3'] : count === 4 ? ['Q1', 'Q2', 'Q1', 'Q3'] : ['Q1', 'Q2', 'Q3']);
    expect(await readdir(join(folder, 'out'))).toEqual(['report.json', 'rows.jsonl']);
    // The report of what was written says the same of the rows themselves.
    const { bySplit, byTag, characters, languages, duplicates, nearDuplicates } = report;
    expect(await describeDataset(join(folder, 'out'), {}, context)).toMatchObject({ rows: count, bySplit, byTag, characters, languages, duplicates, nearDuplicates });
  });
});

describe('readRows', () => {
  test('refuses a file that was edited by hand', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'read-rows-'));
    try {
      await writeFile(join(folder, 'rows.jsonl'), `${jsonLines(row('Q', 'A', { split: 'train' }))}{"messages":[]}\n`);
      await expect(collectRows(folder)).rejects.toMatchObject({ code: 'dataset-corrupt', message: expect.stringContaining('rows.jsonl:2:') });
      await writeFile(join(folder, 'rows.jsonl'), jsonLines(row('Q')));
      await expect(collectRows(folder)).rejects.toMatchObject({ code: 'dataset-corrupt', message: expect.stringContaining('no split') });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
